"""Tests of ligands and receptors on summed counts: pure functions on arrays."""

"""Designs, linear models and their moderated tests."""

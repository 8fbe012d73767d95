"""Figures for papers: one function a figure, each returning the Axes or the Figure that it drew on."""

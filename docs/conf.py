"""Sphinx: `make docs` builds these pages, warnings are errors, the notebooks run on simulated data."""

import dolor

project = "dolor"
author = "The dolor developers"
release = dolor.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
# Benchmarks have no pages before `make bench` has run.
suppress_warnings = ["toc.empty_glob"]
exclude_patterns = ["_build", "calibration.md"]

html_theme = "furo"
html_title = f"dolor {release}"
html_static_path: list[str] = []

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_show_tb = True

autodoc_typehints = "none"
autodoc_member_order = "alphabetical"
napoleon_google_docstring = False
napoleon_use_rtype = False

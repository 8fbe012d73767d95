"""Figures of the report, drawn as SVG when the page is built: they show without JavaScript and in print.

Text takes the ink of the page (``currentColor``), so a figure reads in light and dark alike. Scripts only add to these
figures: they never draw what a reader without scripts would miss.
"""

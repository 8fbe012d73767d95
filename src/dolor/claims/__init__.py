"""The statements of the review, evaluated against contrasts."""

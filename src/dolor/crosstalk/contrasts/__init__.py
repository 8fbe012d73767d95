"""Linear models over samples: designs, comparisons, weights, moderated tests, and the exact check."""

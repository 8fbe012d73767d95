"""One module a file format; each gives a :class:`~dolor.io.formats.matrix.Matrix` and knows no other."""

"""Public and own studies by name: the registry, downloading, reading."""

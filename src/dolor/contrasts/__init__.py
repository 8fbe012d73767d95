"""Changes between conditions and sexes."""

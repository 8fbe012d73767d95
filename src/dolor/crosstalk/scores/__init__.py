"""Methods of scoring a ligand-receptor pair: one small module each, and the registry that lists them."""

"""From profiles to verdicts: scores, nulls, contrasts, composition, claims."""

"""One door in (readers and checks), one door out (atomic writes)."""

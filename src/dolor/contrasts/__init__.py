"""What changes with condition, what differs by sex, and whether the change differs by sex."""

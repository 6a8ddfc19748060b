"""Which customer belongs to which parent company, carried from the system that decides it to the other."""

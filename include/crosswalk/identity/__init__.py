"""Which native records of two systems are the same thing."""

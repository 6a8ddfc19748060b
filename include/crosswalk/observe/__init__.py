"""What people watch: how each pairing does, how long a won deal takes to become an order, what needs attention first."""

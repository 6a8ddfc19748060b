"""Deal to order: readiness, resolution of what the pairing says, the order as a write. Pure."""

"""What every emulator stands on: clock, faults, control routes, server."""

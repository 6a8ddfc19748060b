"""The demo company: neutral facts of one wholesaler, of which each emulator shows its own side."""

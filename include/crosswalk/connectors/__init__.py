"""One package per system, alike as siblings, on one protocol and one transport."""

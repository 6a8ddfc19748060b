"""Native to canonical and back, declared in YAML; no I/O beyond reading the files."""

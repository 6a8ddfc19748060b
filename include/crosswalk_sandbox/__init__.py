"""Six vendor emulators, the demo company, faults: everything a new user has instead of vendor accounts."""

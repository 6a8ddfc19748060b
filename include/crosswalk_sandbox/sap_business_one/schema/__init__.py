"""What the service's metadata says: types, enumerations, entity sets."""

"""Product changes between the two catalogues: whose word counts field by field, and the writes that follow. Pure."""

"""Records: reading, writing, batches, search, merging, the rules of each object."""

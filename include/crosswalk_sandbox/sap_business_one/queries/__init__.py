"""Query options: grammar, filters as SQL, projection, aggregation."""

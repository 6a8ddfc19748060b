"""Alembic migrations of the hub; run by :func:`crosswalk.hub.database.migrate`."""

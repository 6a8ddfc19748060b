"""Notifiers: what is told to people outside of Airflow's own screens."""

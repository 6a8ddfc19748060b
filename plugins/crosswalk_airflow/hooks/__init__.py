"""Hooks: Airflow connections as hub and connectors."""

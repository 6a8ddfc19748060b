"""The Airflow face of Crosswalk."""

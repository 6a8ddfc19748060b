"""Our pages in the Airflow UI."""

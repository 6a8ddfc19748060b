"""Crosswalk's engine: everything that keeps an ERP and a CRM in step, without Airflow."""

"""A private Airflow that runs the DAGs for real: for `make demo` and for the scheduler test."""

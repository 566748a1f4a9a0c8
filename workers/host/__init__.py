"""The worker processes: Celery wiring, message handling and task bodies."""

"""The worker processes: Celery wiring, the handling of messages, and the task functions."""

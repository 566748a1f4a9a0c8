"""From the ledger to Redis: the Celery application, dispatcher, sweeper and message filter of the workers."""

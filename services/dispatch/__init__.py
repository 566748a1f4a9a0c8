"""From the ledger to Redis: the Celery application, the dispatcher, the worker's message filter and the sweeper."""

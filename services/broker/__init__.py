"""Jobs go out: the Celery application, dispatch into a short window in Redis, and the sweeper that mends what was lost."""

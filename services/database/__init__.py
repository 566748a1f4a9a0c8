"""The schema, its migrations, and the engine, counters and locks that all stores build on."""

"""Everything on one machine under one parent: a Redis-compatible server, an SQLite file, API, worker and sweeper."""

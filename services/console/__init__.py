"""Pages for people: what the service does now, jobs and what to do about them, articles with who said what in them."""

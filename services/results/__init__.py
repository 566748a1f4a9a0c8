"""The search index over stored results, and the searches and timelines that read it."""

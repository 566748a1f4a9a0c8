"""From a pushed document to an accepted article: feed formats, admission control and submission."""

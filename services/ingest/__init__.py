"""From a pushed body to an accepted article: formats, admission control and submission."""

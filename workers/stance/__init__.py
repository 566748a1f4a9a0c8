"""Who supports or opposes whom, or what."""

"""Requests to addresses that others named: only public addresses, pinned, and bounded in time, redirects and size."""

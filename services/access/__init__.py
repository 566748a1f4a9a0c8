"""Authentication and authorization: API keys, scopes and rate limits."""

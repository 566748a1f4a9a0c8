"""Webhooks, watches and their deliveries, and the deliverer that sends them (decision 18)."""

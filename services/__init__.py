"""Stancewire's services: what takes articles in, keeps the ledger, hands out jobs and gives results back."""

"""Stancewire's services: HTTP API, ledger, dispatch, results and everything else that needs no language model."""

"""Stancewire's services: the HTTP API, the ledger, dispatch, results and everything else that needs no language model."""

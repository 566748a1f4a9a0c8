"""Trains the model's weights from the corpora. Needs the extra ``train``; never imported by the running service."""

"""The records and token views that pipeline components exchange."""

"""The records and token views that pipeline components hand to one another."""

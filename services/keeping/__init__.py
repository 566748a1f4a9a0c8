"""Keeping, and losing on purpose: pauses, retention, erasure, backup, and a look at whether all is well."""

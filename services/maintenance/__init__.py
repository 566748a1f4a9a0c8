"""Retention, erasure, backup and diagnostics."""

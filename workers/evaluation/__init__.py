"""Predictions, scoring and calibration on the corpora, robustness cases, and the benchmark."""

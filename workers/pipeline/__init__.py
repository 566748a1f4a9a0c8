"""The language pipeline: its components in order, and the conversion of their records to an analysis."""

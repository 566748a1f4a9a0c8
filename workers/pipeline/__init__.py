"""The language pipeline: article in, analysis out."""

"""Paragraphs, sentences and quotations."""

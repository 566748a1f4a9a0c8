"""Measures how well the story of a page is read, on the pages that extractors of articles publish with their text."""

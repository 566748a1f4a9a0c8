"""Converts the body of an article to the plain text that is analysed."""

from workers.text.reader import PlainText, to_plain_text

__all__ = ["PlainText", "to_plain_text"]

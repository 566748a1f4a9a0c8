"""From an article's body as pushed to the plain text that is analysed."""

from workers.text.reader import PlainText, to_plain_text

__all__ = ["PlainText", "to_plain_text"]

"""From an article as pushed to the text that is analysed."""

from workers.reading.reader import Reading, read

__all__ = ["Reading", "read"]

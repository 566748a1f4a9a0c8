from __future__ import annotations

import pytest

from services.contracts import MediaType
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import ParseOptions
from services.ingest.formats.plain_text import PLAIN_TEXT


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("Harbour opens\n\nIt opened on Monday.\n", "Harbour opens", "It opened on Monday."),
        ("\n\n Harbour opens \nIt opened.", "Harbour opens", "It opened."),
        ("It opened on Monday.\nIt is large.", None, "It opened on Monday.\nIt is large."),
        ("Will it open?\nNobody knows.", None, "Will it open?\nNobody knows."),
        ("Only a line", None, "Only a line"),
        ("Only a line\n\n \n", None, "Only a line\n\n \n"),
        ("w " * 101 + "\nMore.", None, "w " * 101 + "\nMore."),
    ],
)
def test_short_first_line_without_a_sentence_end_is_the_title(text: str, title: str | None, body: str) -> None:
    [(article, _)] = PLAIN_TEXT.articles(Document(text.encode()), ParseOptions())
    assert (article.title, article.body, article.media_type) == (title, body, MediaType.TEXT)

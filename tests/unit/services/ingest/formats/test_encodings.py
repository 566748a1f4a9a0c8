from __future__ import annotations

import pytest

from services.ingest.formats.encodings import decode_markup, decode_text
from services.ingest.formats.feed_format import FormatError

PAGE = "<p>The café “opened” on Monday – at last.</p>"


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        (PAGE.encode(), None),
        (PAGE.encode("utf-8-sig"), None),
        (PAGE.encode("utf-16"), None),
        (PAGE.encode("utf-32"), None),
        (PAGE.encode("cp1252"), "windows-1252"),
        (PAGE.encode("cp1252"), "iso-8859-1"),
        (PAGE.encode(), "iso-8859-1"),
        (PAGE.encode(), "no-such-encoding"),
        (PAGE.encode("utf-16"), "utf-8"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_markup_is_decoded_by_mark_then_declaration_then_content(content: bytes, charset: str | None) -> None:
    assert decode_markup(content, charset) == (PAGE, ())


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ('<?xml version="1.0" encoding="ISO-8859-1"?>', "cp1252"),
        ("<?xml version='1.0' encoding='Shift_JIS'?>", "cp932"),
        ("<meta charset=gb2312>", "gb18030"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=euc-kr">', "cp949"),
    ],
)
def test_declaration_inside_the_document_counts_if_the_sender_declares_nothing(declaration: str, encoding: str) -> None:
    text = declaration + {"cp1252": "é", "cp932": "港", "gb18030": "港口", "cp949": "항구"}[encoding]
    assert decode_markup(text.encode(encoding)) == (text, ())


def test_wrong_declaration_is_overruled_by_valid_utf_8() -> None:
    text = '<?xml version="1.0" encoding="iso-8859-1"?><p>“Café”</p>'
    assert decode_markup(text.encode()) == (text, ())


def test_undecodable_bytes_are_read_as_windows_1252_with_a_warning() -> None:
    text, [warning] = decode_markup(b"<p>caf\xe9 \x81</p>", "utf-8")
    assert (text, warning.code) == ("<p>café \ufffd</p>", "encoding_uncertain")
    assert "utf-8" in warning.detail


def test_declaration_of_utf_16_in_single_bytes_is_ignored() -> None:
    assert decode_markup(b'<?xml version="1.0" encoding="UTF-16"?><p>One.</p>')[0].endswith("<p>One.</p>")


@pytest.mark.parametrize("charset", ["rot13", "hex", "zlib", "unicode_escape\x00"])
def test_codecs_that_are_not_encodings_are_ignored(charset: str) -> None:
    assert decode_text(b"One.", charset) == "One."


def test_plain_text_in_another_encoding_is_refused() -> None:
    with pytest.raises(FormatError, match="not UTF-8"):
        decode_text(b"caf\xe9")
    assert decode_text(b"caf\xe9\r\nbar\r", "latin-1") == "café\nbar\n"

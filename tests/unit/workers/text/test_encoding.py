import pytest

from workers.text.encoding import repair_encoding

RIGHT = "Zoë Müller’s café — “naïve”, £5, 5°C, São Paulo, İzmir, Łódź… ‘Ça va?’ AÇÃO"


@pytest.mark.parametrize("encoding", ["latin-1", "windows-1252"])
def test_utf_8_decoded_as_another_encoding_is_repaired(encoding: str) -> None:
    text = "The mayor’s “café” cost £5 — too much."
    broken = "".join(
        bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in text.encode()
    )  # as browsers decode: a byte without a meaning becomes a control character
    assert broken != text
    assert repair_encoding(broken) == text


@pytest.mark.parametrize(
    ("broken", "repaired"),
    [
        ("“No,â€\x9d she said. “Itâ€™s late.”", "“No,” she said. “It’s late.”"),
        ("â€œNoâ€ is what she said, “neverâ€.", "“No” is what she said, “never”."),
        ("It\x92s \x93late\x94", "It’s “late”"),
        ("ItÃ¢â‚¬â„¢s late", "It’s late"),
        ("“FranÃ\x83Â§ois is late,” she said.", "“François is late,” she said."),
    ],
    ids=["in parts", "last byte lost", "Windows-1252 read as Latin-1", "twice", "twice beside right text"],
)
def test_mojibake_is_repaired(broken: str, repaired: str) -> None:
    assert repair_encoding(broken) == repaired


@pytest.mark.parametrize("text", [RIGHT, RIGHT.upper(), "one\x85two", "Â is a letter.", "â €", "Смотри: “Ђ”"])
def test_right_text_stays(text: str) -> None:
    assert repair_encoding(text) == text


def test_right_text_beside_mojibake_stays() -> None:
    assert repair_encoding(f"{RIGHT}\n{'a ' * 600}\nItâ€™s late.") == f"{RIGHT}\n{'a ' * 600}\nIt’s late."


def test_only_the_beginning_of_a_long_text_is_repaired() -> None:
    repaired = repair_encoding("Itâ€™s late. " * 20_000)
    assert repaired.startswith("It’s late. " * 7_000)
    assert repaired.endswith("Itâ€™s late. " * 7_000)

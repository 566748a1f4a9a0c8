"""Names that the article repeats: mentions that the model missed, and headlines that run into a name.

A name is known from the model's spans: the full names and, of persons, each word. Time is linear in the length.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from services.contracts import EntityType
from workers.english import lexicon
from workers.english.lexicon import word_set
from workers.english.name_forms import PARTICLES
from workers.entities.capital_evidence import is_common

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.doc.tokens import Tokens
    from workers.entities.name_bounds import FoundName

_NAMED_TYPES: Final = frozenset({EntityType.PERSON, EntityType.ORGANIZATION})
_MAX_NAME_WORDS: Final = 8
_MAX_SAME_START: Final = 16  # names that begin with one word; more are kept out, so that time stays linear
_MIN_LETTERS: Final = 3  # shorter words are initials or parts of abbreviations
_HEADLINE_SHARE: Final = 0.7  # of the words of a headline have a capital
_MIN_HEADLINE_WORDS: Final = 4
_DATES: Final = word_set("Monday Tuesday Wednesday Thursday Friday Saturday Sunday Today Tonight")


@dataclass(slots=True)
class _KnownNames:
    """``names`` maps the first word of each known name to the names by length, the longest first, with their origin.

    ``words`` counts the spans that have a word in a person's name, or are the word.
    """

    names: dict[str, list[tuple[tuple[str, ...], FoundName]]] = field(default_factory=dict)
    words: Counter[str] = field(default_factory=Counter)


class RepeatedNames:
    """Finds what the article repeats."""

    def __init__(self, tokens: Tokens) -> None:
        """Read the words that the article has in lower case, and the verbs of speech."""
        self.tokens = tokens
        self.lower_case = {word for word in tokens.words if word[0].islower()}
        self.verbs = lexicon.act_forms().keys()

    def complete(self, names: Sequence[FoundName]) -> list[FoundName]:
        """Return ``names``, ordered and without overlaps, with their repetitions."""
        known = self._known(names)
        whole = {tuple(self.tokens.words[name.start : name.end]) for name in names if name.type is EntityType.PERSON}
        names = [
            self._without_headline(part, known) for name in names for part in self._persons_of_headline(name, whole)
        ]
        known = self._known(names)
        return sorted([*names, *self._missed(names, known)], key=lambda name: name.start)

    def _known(self, names: Sequence[FoundName]) -> _KnownNames:
        known = _KnownNames()
        seen: set[tuple[str, ...]] = set()
        for name in names:
            words = tuple(self.tokens.words[name.start : name.end])
            if name.type not in _NAMED_TYPES or len(words) > _MAX_NAME_WORDS:
                continue
            is_person = name.type is EntityType.PERSON
            known.words.update(set(words) if is_person else words if len(words) == 1 else ())
            parts = [(word,) for word in words if is_person and len(words) > 1 and word.lower() not in PARTICLES]
            for part in (words, *parts):
                if part not in seen and self._can_repeat(part):
                    seen.add(part)
                    known.names.setdefault(part[0], []).append((part, name))
        for repeated in known.names.values():
            repeated.sort(key=lambda item: -len(item[0]))
            del repeated[_MAX_SAME_START:]
        return known

    def _can_repeat(self, words: tuple[str, ...]) -> bool:
        if len(words) > 1:
            return words[0][0].isupper()
        word = words[0]
        return word[0].isupper() and len(word) >= _MIN_LETTERS and word[-1] != "." and not is_common(word)

    def _missed(self, names: Sequence[FoundName], known: _KnownNames) -> list[FoundName]:
        """Return the mentions of known names outside ``names``."""
        words = self.tokens.words
        taken = bytearray(len(words) + 1)
        for name in names:
            taken[name.start : name.end] = b"\x01" * (name.end - name.start)
        missed = []
        i = 0
        while i < len(words):
            match = None if taken[i] else self._match(i, taken, known)
            if match:
                missed.append(match)
                i = match.end
            else:
                i += 1
        return missed

    def _match(self, i: int, taken: bytearray, known: _KnownNames) -> FoundName | None:
        """Return the longest known name that begins at token ``i``, or None."""
        words = self.tokens.words
        for name_words, name in known.names.get(words[i], ()):
            end = i + len(name_words)
            if any(taken[i:end]) or tuple(words[i:end]) != name_words:
                continue
            if end - i == 1 and not self._stands_alone(i, taken):
                continue
            return replace(name, start=i, end=end)
        return None

    def _stands_alone(self, i: int, taken: bytearray) -> bool:
        """Return whether a single word at ``i`` is a name of its own, not a part of another or a common word."""
        tokens, words = self.tokens, self.tokens.words
        initial = i == tokens.sentence_start[i]
        after = words[i + 1] if i + 1 < tokens.sentence_end[i] else ""
        if words[i].lower() in self.lower_case and initial:
            return tokens.at(i + 1) in self.verbs or after in {"'s", "’s"}
        return not (
            after[:1].isupper()
            and not taken[i + 1]
            and not self._in_headline(i)
            and after not in _DATES
            and not is_common(after)
        )

    def _in_headline(self, i: int) -> bool:
        """Return whether the sentence of token ``i`` has capitals as a headline has."""
        start, end = self.tokens.sentence_start[i], self.tokens.sentence_end[i]
        words = [word for word in self.tokens.words[start : min(end, start + 40)] if word[0].isalpha()]
        capitals = sum(word[0].isupper() for word in words)
        return len(words) >= _MIN_HEADLINE_WORDS and capitals >= _HEADLINE_SHARE * len(words)

    def _persons_of_headline(self, name: FoundName, whole: set[tuple[str, ...]]) -> list[FoundName]:
        """Split a headline that the model takes for one person's name: "Ida Brandt Fights Otto Lang".

        ``whole`` are the persons' names of the article. At least one of several words must stand in the headline.
        """
        words = self.tokens.words
        if name.type is not EntityType.PERSON or not _MIN_HEADLINE_WORDS <= name.end - name.start <= _MAX_NAME_WORDS:
            return [name]
        parts = []
        i = name.start
        while i < name.end:
            ends = range(min(name.end, i + _MIN_HEADLINE_WORDS - 1), i, -1)
            end = next((end for end in ends if tuple(words[i:end]) in whole), i)
            if end > i:
                parts.append(replace(name, start=i, end=end))
            i = max(end, i + 1)
        return parts if len(parts) > 1 and any(part.end - part.start > 1 for part in parts) else [name]

    def _without_headline(self, name: FoundName, known: _KnownNames) -> FoundName:
        """Return a person's name without the words of a headline after it: "Trump Says", "Clinton Probe"."""
        words = self.tokens.words
        if name.type is not EntityType.PERSON or name.end - name.start < 2:  # noqa: PLR2004  # one word cannot be cut
            return name
        rest = words[name.start + 1 : name.end]
        if known.words[words[name.start]] < 2 or any(known.words[word] > 1 for word in rest):  # noqa: PLR2004  # itself and another
            return name
        headline = self._in_headline(name.start)
        if all(self._is_no_name(word) for word in rest) or (headline and known.words[words[name.start]] > 2):  # noqa: PLR2004
            return replace(name, end=name.start + 1)
        return name

    def _is_no_name(self, word: str) -> bool:
        return word.lower() in self.lower_case or word in _DATES or word.lower() in self.verbs or is_common(word)

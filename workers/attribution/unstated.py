"""Attributions that state nothing, though words of speech are there: nobody speaks, or nothing is said.

"Nobody said that ..." and "would neither confirm nor deny it" report no statement; "asked not to be named" is about the
interview; "turned to the judge" and "rescued the crew" are acts without words.
"""

from __future__ import annotations

from typing import Final

from workers.attribution.beats import GESTURES
from workers.attribution.rule_context import RuleContext
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.english.lexicon import verb_forms, word_set
from workers.english.negation import is_negative_subject
from workers.english.phrases import AUXILIARIES, BE, SUBJECT_PRONOUNS

_CLAUSE_OPENERS: Final = word_set("that whether if how why what where when who to")
_QUESTION_WORDS: Final = word_set("why how who what where when")
_ANONYMITY: Final = word_set("named identified quoted anonymity anonymous")
_IMPERSONAL: Final = word_set("understood thought believed known rumoured rumored")
_NOBODY: Final = word_set("nobody none neither no")
_MAX_SILENCE_DISTANCE: Final = 4  # from "neither" to the verb
_MAX_ANONYMITY_WORDS: Final = 6
# Targets of weapons, teams and criminals rather than of words.
_ATTACKED: Final = word_set(
    "flank flanks wing position positions village villages town city convoy convoys base bases airport checkpoint "
    "hospital camp camps ship ships tanker destroyer uss car cars bus officer officers guard guards crowd shop shops "
    "building buildings house home homes goal box penalty line lines post posts troops soldiers bridge market school"
)


def _forms(verbs: str) -> frozenset[str]:
    return frozenset(form for verb in word_set(verbs) for form in verb_forms(verb).values())


_PLAIN_GESTURES: Final = _forms("nod smile shake shrug laugh grin frown turn wave stare glance wince kneel walk step")
# With a noun phrase, these are acts and no words; what they show is a stance.
_WORDLESS: Final = _forms("approve rescue save elect appoint sack jail arrest sue meet visit beat defeat boo")
_SPOKEN_FOR: Final = _forms("defend back support")  # in the passive, as "endorsed"
_ATTACK: Final = _forms("attack")
_ADDRESS: Final = _forms("speak talk turn write")
_ANSWER: Final = _forms("comment respond reply answer")
# Things with words on them, which nobody says in the article.
_SIGNS: Final = word_set(
    "sign signs placard placards banner banners poster posters plaque badge label sticker stickers graffiti billboard "
    "shirt t-shirt tattoo"
)
_MAX_SIGN_WORDS: Final = 4  # of a source that begins with the sign: "A hand-written sign"
_ASK: Final = _forms("ask")
_NAMING: Final = word_set("named identified known nicknamed")
_REFUSALS: Final = ("declin", "refus")
_OCCASION: Final = word_set("commenting speaking responding reacting addressing asked replying answering questioned")


def states_something(context: RuleContext, record: AttributionRecord) -> bool:
    """Return whether an attribution is a statement of somebody."""
    cue = record.cue
    if cue is None or cue.form == "layout":
        return True
    lower, content = context.tokens.lower, record.content[0]
    if not _has_speaker(lower, record.source, cue):
        return False
    if _is_about_the_interview(lower, record) or _is_silence(lower, cue, content):
        return False
    verb = lower[cue.verb]
    if verb in GESTURES and not _has_quotation_in_sentence(context, record, cue):
        return verb not in _PLAIN_GESTURES and _shares_sentence(context, content, cue)
    is_clause = len(record.content) > 1 or not _is_noun_phrase(context, content)
    return is_clause or not _is_act_without_words(context, record, cue)


def _has_speaker(lower: list[str], source: TokenSpan | None, cue: CueRecord) -> bool:
    """Return whether somebody or something speaks: neither nobody, nor a sign on a door, nor "it is understood"."""
    if source is None:
        words = lower[cue.span.start : cue.span.end]
        is_impersonal = "it" in {words[0], lower[cue.span.start - 1]} and words[-1] in _IMPERSONAL
        is_naming = lower[cue.verb] in _NAMING and bool(BE.intersection(words))
        return words[0] != "asked" and not is_impersonal and not is_naming
    words = lower[source.start : source.end]
    if words in (["i"], ["we"]) and lower[cue.verb] in _ASK:  # the reporter
        return False
    if _SIGNS.intersection(lower[cue.span.start : cue.span.end]):
        return False
    if words[0] in _NOBODY and is_negative_subject(words):
        return False
    return not _SIGNS.intersection(words[:_MAX_SIGN_WORDS])


def _shares_sentence(context: RuleContext, content: TokenSpan, cue: CueRecord) -> bool:
    first = context.tokens.sentence_start
    return first[content.start] == first[cue.span.start]


def _has_quotation_in_sentence(context: RuleContext, record: AttributionRecord, cue: CueRecord) -> bool:
    """Return whether a part of the content is a quotation in the sentence of the cue: "No," she smiled."""
    return any(
        context.quotation_index[part.start] >= 0 and _shares_sentence(context, part, cue) for part in record.content
    )


def _is_about_the_interview(lower: list[str], record: AttributionRecord) -> bool:
    """Return whether the content is a question word alone, or a wish not to be named."""
    start, end = record.content[0]
    words = lower[start:end]
    if len(words) == 1 and words[0] in _QUESTION_WORDS and end < len(lower) and lower[end] in {".", ",", ";", "?"}:
        return True
    return len(words) <= _MAX_ANONYMITY_WORDS and bool(_ANONYMITY.intersection(words)) and "be" in words


def _is_silence(lower: list[str], cue: CueRecord, content: TokenSpan) -> bool:
    """Return whether the source says neither yes nor no, or declines to answer."""
    before = lower[max(0, cue.verb - _MAX_SILENCE_DISTANCE) : cue.verb]
    if "nor" in before or ("neither" in before and "nor" in lower[cue.verb : cue.verb + 2]):
        return True
    if lower[cue.verb].startswith(_REFUSALS) and lower[content.start] == "to":
        return lower[min(content.start + 1, content.end - 1)] in _ANSWER
    is_refused = any(word.startswith(_REFUSALS) or word in {"not", "never"} for word in before)
    return is_refused and lower[cue.verb] in _ANSWER


def _is_noun_phrase(context: RuleContext, content: TokenSpan) -> bool:
    """Return whether the content is neither a clause nor an infinitive, and has no quotation."""
    words = context.tokens.lower[content.start : content.end]
    if words[0] in _CLAUSE_OPENERS or words[0] in SUBJECT_PRONOUNS - {"it", "you"}:
        return False
    return not AUXILIARIES.intersection(words) and all(
        i < 0 for i in context.quotation_index[content.start : content.end]
    )


def _is_act_without_words(context: RuleContext, record: AttributionRecord, cue: CueRecord) -> bool:
    """Return whether a cue with a noun phrase is an act that needs no words, or the occasion of other words."""
    tokens, content = context.tokens, record.content[0]
    verb = tokens.lower[cue.verb]
    words = tokens.lower[cue.span.start : cue.span.end]
    if verb in _OCCASION and tokens.sentence_start[cue.span.start] == cue.span.start:
        return True
    if verb in _ADDRESS and {"to", "with"}.intersection(words):
        return True
    if record.rule != "model":  # rules for acts are not only about statements
        return False
    if verb in _WORDLESS or (verb in _SPOKEN_FOR and BE.intersection(words)):
        return True
    return verb in _ATTACK and bool(_ATTACKED.intersection(tokens.lower[content.start : content.end]))

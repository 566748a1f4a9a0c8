"""One record for each act of speech: how pages show it, which stance it shows, and how negation changes it.

Everything that code has to know about an act is a field of its record, so that an act is added in two
places: the enum `Act` and the table `ACT_RECORDS`. CONTRIBUTING has the recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from services.contracts.result import Act, StanceLabel


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRecord:
    """The properties of one act of speech. The flags default to what is right for most acts.

    verb: how pages show the act, third person singular ("accuses").
    stance: the stance of the speaker towards the first party named in the content, or None if the act does
        not show a stance.
    precision: how often that stance is right, measured on the training set of Directed Sentiment Extraction
        (Park, Pan & Joo, Findings of ACL 2021), where both entities are given. Set if and only if ``stance`` is.
    refusal_rejects: refusing to perform the act is a rejection ("refused to promise").
    declining_is_neutral: declining to perform the act takes no side, though refusing does ("declined to endorse").
    negation_allows_support: its negation leaves open that the speaker supports the target ("did not disagree").
    puts_forward: its content may be referred to later as "the offer", "the claim", "the demand".
    opposes_content: the speaker disagrees with what the content says ("denied that the tram would be built").
    denies_clauses: it calls a clause in its content untrue, so that the clause shows no stance of the speaker.
    gives_reasons: "for" and a reason may follow its content ("criticised the council on Friday for closing it").
    neutral_on_topics: it takes no side on a topic that its content names.
    """

    verb: str
    stance: StanceLabel | None = None
    precision: float | None = None
    refusal_rejects: bool = False
    declining_is_neutral: bool = False
    negation_allows_support: bool = False
    puts_forward: bool = False
    opposes_content: bool = False
    denies_clauses: bool = False
    gives_reasons: bool = False
    neutral_on_topics: bool = False


# The precisions come from 201 accusations, 90 cases of praise, 5 threats and 15 rejections.
ACT_RECORDS: Final[Mapping[Act, ActRecord]] = MappingProxyType(
    {
        Act.ASSERT: ActRecord(verb="says", puts_forward=True),
        Act.DEMAND: ActRecord(verb="demands", puts_forward=True),
        Act.PROPOSE: ActRecord(verb="proposes", refusal_rejects=True, puts_forward=True),
        Act.PROMISE: ActRecord(verb="promises", refusal_rejects=True, puts_forward=True),
        Act.THREATEN: ActRecord(verb="threatens", stance=StanceLabel.OPPOSE, precision=0.8, puts_forward=True),
        Act.ACCUSE: ActRecord(
            verb="accuses", stance=StanceLabel.OPPOSE, precision=0.92, puts_forward=True, gives_reasons=True
        ),
        Act.REJECT: ActRecord(
            verb="rejects",
            stance=StanceLabel.OPPOSE,
            precision=0.53,
            negation_allows_support=True,
            opposes_content=True,
        ),
        Act.DENY: ActRecord(verb="denies", opposes_content=True, denies_clauses=True),
        Act.PRAISE: ActRecord(
            verb="praises",
            stance=StanceLabel.SUPPORT,
            precision=0.88,
            refusal_rejects=True,
            declining_is_neutral=True,
            gives_reasons=True,
        ),
        Act.ASK: ActRecord(verb="asks", puts_forward=True, neutral_on_topics=True),
    }
)

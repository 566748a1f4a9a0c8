"""Accepts the articles of one push within a transaction.

New articles get a row and a job. Cancellations, releases, embargoes and corrected times of stories take effect. Rows
that a worker may have locked are changed at the end, in the order in which it locks them, so that there is no deadlock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, insert, select, update
from sqlalchemy.dialects import postgresql

from services.contracts import Article, JobState, PubStatus, Warned, instant, ledger_time
from services.contracts.versions import compare_versions
from services.database.counters import NO_LABEL, CounterName, increment
from services.database.engine import Database
from services.database.tables import articles, jobs
from services.jobs import holds, precedence, result_changes, strands, withdrawals
from services.jobs.article_rows import (
    Acceptance,
    KnownArticle,
    KnownRevisions,
    PushedArticle,
    article_row,
    identity_of,
    job_row,
    new_acceptance,
)
from services.jobs.holds import EMBARGO_LATE, Hold
from services.jobs.precedence import SUPERSEDED, Guid, Latest, Verdict
from services.jobs.queries import new_job_record

_REASONS: Final = {
    PubStatus.CANCELED: "its feed canceled the story",
    PubStatus.WITHHELD: "its feed withholds the story",
}
# Built once: for a push of one article, building the statements would take as long as executing them.
_INSERT_ARTICLES: Final = insert(articles)
_INSERT_MISSING_ARTICLES: Final = postgresql.insert(articles).on_conflict_do_nothing().returning(articles.c.id)
_INSERT_JOBS: Final = insert(jobs)


class StoredMeanwhileError(Exception):
    """Another process stored the same article at the same time."""


class Intake:
    """Accepts the articles of a push one after the other: `accept` for each, then `finish`."""

    def __init__(
        self,
        connection: Connection,
        database: Database,
        now: int,
        stored: dict[str, KnownRevisions],
        latest: dict[Guid, Latest],
    ) -> None:
        """Accept at the time ``now`` (ms). ``stored`` has the known revisions, ``latest`` the versions in force."""
        self._connection, self._database, self._now = connection, database, now
        self._stored, self._latest = stored, latest
        self._new_articles: list[dict[str, Any]] = []
        self._new_jobs: list[dict[str, Any]] = []
        self._counts: Counter[tuple[CounterName, str]] = Counter()
        self._withdrawals: dict[UUID, str] = {}
        self._releases: dict[UUID, Hold | None] = {}
        self._published: dict[UUID, int] = {}

    def accept(self, pushed: PushedArticle) -> Acceptance:
        """Return the answer to an article. Raises `StoredMeanwhileError`."""
        article, content = pushed.article, pushed.content
        revisions = self._stored.setdefault(pushed.identity, KnownRevisions())
        known = revisions.by_content.get(content)
        self._counts[CounterName.ACCEPTED if known is None else CounterName.REPEATED, article.feed] += 1
        if known is not None:
            return self._repeat(article, known)
        revisions.highest += 1
        answer = new_acceptance(article, revisions.highest)
        row = article_row(pushed, answer, self._now)
        job = job_row(pushed, answer, self._now)
        answer = self._decide(article, answer, row, job)
        self._new_articles.append(row)
        self._new_jobs.append(job)
        # A later copy of the article in this batch is a repetition.
        revisions.by_content[content] = KnownArticle(
            replace(answer, created=False, warnings=()),
            article.pubstatus,
            row["published_at"],
            row["embargoed"],
            row["withdrawn_reason"],
        )
        is_plain = answer.state is JobState.QUEUED and article.evolvedfrom is None
        return replace(answer, job=new_job_record(row, job)) if is_plain else answer

    def finish(self, answers: Sequence[Acceptance]) -> list[Acceptance]:
        """Write what `accept` collected; return the answers with their final jobs. Raises `StoredMeanwhileError`."""
        self._insert()
        if self._withdrawals:
            withdrawals.withdraw(self._connection, self._database, self._withdrawals)
        released = {
            article_id: withdrawals.reinstate(self._connection, self._database, article_id, hold)
            for article_id, hold in self._releases.items()
        }
        for article_id, published in self._published.items():
            result_changes.correct_time(self._connection, self._database, article_id, published)
        totals = increment(self._connection, self._database, self._counts)
        new_feeds = [
            feed
            for (name, feed), value in totals.items()
            if name is CounterName.ACCEPTED and value == self._counts[name, feed]
        ]
        _rank_new_feeds(self._connection, self._database, new_feeds)
        changed = self._releases.keys() | self._withdrawals.keys()
        if not changed:
            return list(answers)
        answers = [replace(answer, job_id=released.get(answer.article_id, answer.job_id)) for answer in answers]
        states = self._states({answer.job_id for answer in answers if answer.article_id in changed})
        return [replace(answer, state=states.get(answer.job_id, answer.state)) for answer in answers]

    def _states(self, job_ids: Collection[UUID]) -> dict[UUID, JobState]:
        """Return the states of jobs, as the releases and withdrawals of this transaction have left them."""
        rows = self._connection.execute(select(jobs.c.id, jobs.c.state).where(jobs.c.id.in_(job_ids)))
        return {UUID(str(row.id)): JobState(row.state) for row in rows}

    def _insert(self) -> None:
        """Insert the rows collected so far."""
        if not self._new_articles:
            return
        if self._database.dialect == "postgresql":
            inserted = self._connection.execute(_INSERT_MISSING_ARTICLES, self._new_articles).all()
            if len(inserted) != len(self._new_articles):
                raise StoredMeanwhileError
        else:  # SQLite's write lock keeps out other writers
            self._connection.execute(_INSERT_ARTICLES, self._new_articles)
        self._connection.execute(_INSERT_JOBS, self._new_jobs)
        self._new_articles, self._new_jobs = [], []

    def _decide(self, article: Article, answer: Acceptance, row: dict[str, Any], job: dict[str, Any]) -> Acceptance:
        """Decide by the version of its guid in force what becomes of a new article, and complete its rows."""
        guid = precedence.guid_of(article)
        latest = None if guid is None else self._latest.get(guid)
        verdict = precedence.judge(article, latest)
        warnings = list(answer.warnings)
        state = JobState.QUEUED
        if latest is not None and verdict is not Verdict.ACCEPTED:
            reason = _superseded(article, latest, verdict)
            self._close(job, reason)
            if verdict is Verdict.CANCELED:
                row |= {"withdrawn_at": self._now, "withdrawn_reason": reason.detail}
            return replace(answer, state=JobState.CANCELED, warnings=(*warnings, reason))
        hold = holds.hold_of(article, self._now)
        if article.pubstatus is PubStatus.CANCELED:
            state = JobState.CANCELED
            done = self._withdraw_story(article)
            self._close(job, Warned(code="story_canceled", detail=done.detail))
            warnings.append(done)
        elif hold is not None:
            state = JobState.HELD
            job |= holds.held_values(hold)
            warnings.append(hold.reason)
            if article.pubstatus is PubStatus.WITHHELD and guid is not None:
                self._withdraw_story(article)
        if latest is not None and article.pubstatus is not PubStatus.CANCELED:
            warnings += self._continue(article, latest, row)
        if guid is not None:
            version = precedence.version_of(article)
            self._latest[guid] = Latest(answer.job_id, state, version, article.pubstatus, is_alone=latest is None)
        return replace(answer, state=state, warnings=tuple(warnings))

    def _continue(self, article: Article, latest: Latest, row: dict[str, Any]) -> list[Warned]:
        """Relate a new article to the version of its guid in force: a newer version, or another story."""
        self._insert()
        if article.pubstatus is PubStatus.USABLE and precedence.is_unordered(article, latest):
            strand = strands.strand_of(self._connection, article)
            row["strand"] = strand.number
            if strand.is_new:
                detail = f"guid {article.guid!r} was used before for another story (job {latest.job_id}); both are kept"
                return [Warned(code="guid_reused", detail=detail)]
        if latest.state is JobState.HELD:
            detail = f"{_version(article)} was accepted before this one was released"
            if holds.end(self._connection, latest.job_id, Warned(code=SUPERSEDED, detail=detail)):
                self._counts[CounterName.FINISHED, JobState.CANCELED.value] += 1
        return []

    def _repeat(self, article: Article, known: KnownArticle) -> Acceptance:
        """Answer an article that is already stored with its newest job. Changes of its status and times take effect."""
        guid = precedence.guid_of(article)
        latest = None if guid is None else self._latest.get(guid)
        if latest is not None and compare_versions(precedence.version_of(article), latest.version) == -1:
            return known.answer
        warnings: list[Warned] = []
        if article.pubstatus is not PubStatus.USABLE:
            warnings += self._repeat_unusable(article, known)
        else:
            warnings += self._repeat_usable(article, known)
        return replace(known.answer, warnings=tuple(warnings))

    def _repeat_unusable(self, article: Article, known: KnownArticle) -> list[Warned]:
        done = self._withdraw_story(article)
        if article.pubstatus is PubStatus.WITHHELD and known.pubstatus is PubStatus.USABLE:
            known.pubstatus, known.withdrawn = PubStatus.WITHHELD, _REASONS[PubStatus.WITHHELD]
            self._change(known, pubstatus=PubStatus.WITHHELD)
        return [done]

    def _repeat_usable(self, article: Article, known: KnownArticle) -> list[Warned]:
        hold = holds.hold_of(article, self._now)
        embargoed = None if article.embargoed is None else ledger_time(article.embargoed)
        warnings: list[Warned] = []
        if known.pubstatus is PubStatus.WITHHELD:
            self._insert()
            self._withdrawals.pop(known.answer.article_id, None)
            self._releases[known.answer.article_id] = hold
            known.pubstatus, known.withdrawn, known.embargoed = PubStatus.USABLE, None, embargoed
            self._change(known, embargoed=embargoed)
            was_read = known.answer.state in (JobState.RUNNING, JobState.SUCCEEDED)
            warnings += [EMBARGO_LATE if was_read else hold.reason] if hold else []
        elif known.withdrawn is not None:
            detail = f"the article stays withdrawn: {known.withdrawn}; a newer version brings the story back"
            warnings.append(Warned(code="withdrawn", detail=detail))
        elif embargoed != known.embargoed:
            warnings += self._change_embargo(known, hold, embargoed)
        elif hold is not None and known.answer.state is JobState.HELD:
            warnings.append(hold.reason)
        return warnings + self._correct_time(article, known)

    def _change_embargo(self, known: KnownArticle, hold: Hold | None, embargoed: int | None) -> list[Warned]:
        self._insert()
        job_id = known.answer.job_id
        known.embargoed = embargoed
        self._change(known, embargoed=embargoed)
        if known.answer.article_id in self._releases:
            self._releases[known.answer.article_id] = hold
        elif hold is None:
            holds.release(self._connection, [job_id])
        elif not holds.put_on_hold(self._connection, job_id, hold):
            return [] if known.answer.state is JobState.CANCELED else [EMBARGO_LATE]
        known.answer = replace(known.answer, state=JobState.QUEUED if hold is None else JobState.HELD)
        return [hold.reason] if hold else []

    def _correct_time(self, article: Article, known: KnownArticle) -> list[Warned]:
        """Adopt a corrected time of publication, without a second analysis."""
        published = None if article.published_at is None else ledger_time(article.published_at)
        if published is None or published == known.published_at:
            return []
        before = "unknown" if known.published_at is None else f"{instant(known.published_at):%Y-%m-%dT%H:%M:%SZ}"
        known.published_at = self._published[known.answer.article_id] = published
        detail = f"published_at: was {before}, and is now {instant(published):%Y-%m-%dT%H:%M:%SZ}"
        return [Warned(code="date_corrected", detail=detail)]

    def _withdraw_story(self, article: Article) -> Warned:
        """Withdraw the articles of a guid that can be seen or read, and return how many."""
        self._insert()
        if article.guid is None:
            same: ColumnElement[bool] = articles.c.identity == identity_of(article)
        else:
            same = (articles.c.guid == article.guid) & (articles.c.feed == article.feed)
        # A withheld story that is withheld again stays as it is.
        hidden = [PubStatus.CANCELED] + [PubStatus.WITHHELD] * (article.pubstatus is PubStatus.WITHHELD)
        query = select(articles.c.id).where(
            same, articles.c.withdrawn_at.is_(None), articles.c.pubstatus.not_in(hidden)
        )
        ids = [each for each in self._connection.execute(query).scalars() if each not in self._withdrawals]
        self._withdrawals |= dict.fromkeys(ids, _REASONS[article.pubstatus])
        for article_id in ids:
            self._releases.pop(article_id, None)
        number = f"{len(ids)} article{'' if len(ids) == 1 else 's'}"
        detail = f"pubstatus: {_REASONS[article.pubstatus]}; {number} withdrawn"
        return Warned(code=f"story_{article.pubstatus}", detail=detail)

    def _close(self, job: dict[str, Any], reason: Warned) -> None:
        """Make a new job end as canceled before it begins."""
        canceled = {"state": JobState.CANCELED, "finished_at": self._now}
        job |= canceled | {"reason_code": reason.code, "reason_detail": reason.detail}
        self._counts[CounterName.FINISHED, JobState.CANCELED.value] += 1

    def _change(self, known: KnownArticle, **values: Any) -> None:
        self._insert()
        self._connection.execute(update(articles).where(articles.c.id == known.answer.article_id).values(**values))


def _superseded(article: Article, latest: Latest, verdict: Verdict) -> Warned:
    """Return the reason for which an article is not read."""
    if verdict is Verdict.CANCELED:
        detail = f"{_REASONS[PubStatus.CANCELED]} before this article arrived; only a newer version brings it back"
        return Warned(code=SUPERSEDED, detail=detail)
    name = latest.version.name
    word = "canceled" if latest.pubstatus is PubStatus.CANCELED else "accepted"
    newer = "a newer version" if name is None else f"version {name!r}"
    detail = (
        f"{newer} of guid {article.guid!r} was {word} before (job {latest.job_id}); this one is older, and is not read"
    )
    return Warned(code=SUPERSEDED, detail=detail)


def _version(article: Article) -> str:
    return "another version" if article.version is None else f"version {article.version!r}"


def _rank_new_feeds(connection: Connection, database: Database, feeds: Sequence[str]) -> None:
    """Number the feeds that push for the first time. Metrics name the first feeds, so a number never changes."""
    if feeds:
        last = int(
            increment(connection, database, {(CounterName.FEEDS, NO_LABEL): len(feeds)})[CounterName.FEEDS, NO_LABEL]
        )
        ranks = {(CounterName.FEED_RANK, feed): last - index for index, feed in enumerate(sorted(feeds))}
        increment(connection, database, ranks)

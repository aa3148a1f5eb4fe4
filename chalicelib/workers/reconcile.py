"""
Compares tallies with the reviews themselves, related articles with the lists, and puts them right.

It re-reads what the stream may have lost and goes through the same
`ledger.apply`, so it is safe beside live traffic.

Reading order matters: the ledger first, the reviews after. A review is then
never older than its entry, unless content itself was set back (restored from a
backup) or the entry altered, and only then is an entry replaced whatever its
revision.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib import logs
from chalicelib.metrics import Measured
from chalicelib.model import Article, Review, Tally, now
from chalicelib.rules.ratings import contribution, outcomes, recount, score
from chalicelib.store import articles, items, keys, listings, quarantine, review_lists, tallies
from chalicelib.store.items import MalformedItemError
from chalicelib.store.tallies import Entry, Standing
from chalicelib.workers import related
from chalicelib.workers.ledger import apply
from chalicelib.workers.records import entry_of

GRACE: Final = timedelta(minutes=15)
"""How long a write may be on its way to the tally before it counts as lost."""

_ATTEMPTS: Final = 5

workers = Blueprint(__name__)


@dataclass(frozen=True, slots=True)
class Drift:
    """
    What is wrong with what is derived of one article.

    Attributes:
        expected: What the reviews add up to.
        stored: What the tally said.
        causes: What is wrong, each once with its number; empty when all is well.
    """

    slug: str
    expected: Tally
    stored: Tally
    causes: tuple[str, ...]


@workers.schedule(Rate(1, unit=Rate.DAYS), name="reconcile_tallies")
def reconcile_tallies(event: CloudWatchEvent) -> dict[str, int]:
    """
    Put every published article's tally right.

    Returns:
        How many articles were looked at and how many had drifted.
    """
    del event
    logs.configure()
    looked_at = drifted = 0
    for slug in every_slug():
        drift = reconcile(slug, repair=True, grace=GRACE)
        looked_at += 1
        if drift.causes:
            drifted += 1
            logs.write("drift", level=logging.ERROR, slug=slug, causes="; ".join(drift.causes))
    summary = {"articles": looked_at, "drifted": drifted, "quarantine": release_settled()}
    measured = Measured({"Drift": drifted, "Quarantine": summary["quarantine"]}, {})
    logs.write("reconciled", measured=measured, **summary)
    return summary


def every_slug() -> Iterator[str]:
    """
    Give the slugs of all articles, published ones first.

    Raises:
        UnavailableError: The lists could not be read.
    """
    for pk in (keys.EVERY_ARTICLE, keys.UNLISTED):
        yield from listings.every_slug(pk)


def release_settled() -> int:
    """
    Forget quarantined records of articles that are right again.

    Returns:
        How many are left.

    Raises:
        UnavailableError: The quarantine could not be read or written.
    """
    rows = quarantine.list_all()
    settled = {slug for slug in {row["slug"] for row in rows} if slug and _is_readable(slug)}
    for row in rows:
        if row["slug"] in settled:
            quarantine.release(row["sk"])
    return sum(row["slug"] not in settled for row in rows)


def reconcile(slug: str, *, repair: bool, grace: timedelta = timedelta(0)) -> Drift:
    """
    Compare an article's tally with its reviews, and what is related to it with the lists.

    Args:
        repair: Whether to put right what differs.
        grace: Age below which a write may still be on its way.

    Raises:
        UnavailableError: The tables could not be read or written.
    """
    drift, article = _reconcile_tally(slug, repair, grace)
    if article is None:
        return drift
    causes = related.reconcile(article.summary, repair=repair, grace=grace)
    return replace(drift, causes=(*drift.causes, *causes))


def reconcile_tally(slug: str, *, repair: bool, grace: timedelta = timedelta(0)) -> Drift:
    """
    Compare an article's tally with its reviews.

    Args:
        repair: As `reconcile`.
        grace: As `reconcile`.

    Raises:
        UnavailableError: The tables could not be read or written.
    """
    return _reconcile_tally(slug, repair, grace)[0]


def _reconcile_tally(slug: str, repair: bool, grace: timedelta) -> tuple[Drift, Article | None]:
    ledger = _read_ledger(slug)
    current, causes = _reviews(slug)
    settled_at = now() - grace
    settled = [review for review in current.values() if review.changed_at <= settled_at]
    findings = _compare(ledger.entries, settled, current)
    _end_passing(findings, ledger.entries, current, settled, is_told=not grace)
    article, unreadable = _article(slug)
    misplaced = [] if unreadable else _misplaced(ledger.standing, article, settled_at)
    causes += findings.causes + unreadable + _miscounted(slug, ledger) + misplaced
    if repair:
        apply(slug, findings.behind)
        apply(
            slug, findings.wrong, over={digest: ledger.entry(digest) for digest in findings.wrong}
        )
        if misplaced:
            _place(slug, ledger.standing, article)
        if causes:
            _repair_tally(slug)
    expected = recount(
        [contribution(review) for review in current.values()],
        [outcomes(review) for review in current.values()],
    )
    return Drift(slug, expected, ledger.tally, _each_once(causes)), article


@dataclass(frozen=True, slots=True)
class _Ledger:
    """
    An article's whole ledger and its tally's row.

    Attributes:
        is_steady: Whether both are as they were at one moment. A busy article
            may not hold still for as long as reading takes.
    """

    standing: Standing
    entries: dict[bytes, Entry]
    is_steady: bool

    @property
    def tally(self) -> Tally:
        return self.standing.tally

    @property
    def sum(self) -> Tally:
        return recount(
            [entry.contribution for entry in self.entries.values()],
            [entry.outcomes for entry in self.entries.values()],
        )

    def entry(self, digest: bytes) -> Entry:
        return self.entries.get(digest, Entry())


def _read_ledger(slug: str) -> _Ledger:
    before = tallies.read_standing(slug)
    entries: dict[bytes, Entry] = {}
    for _ in range(_ATTEMPTS):
        entries = dict(tallies.every_entry(slug))
        after = tallies.read_standing(slug)
        # Every change of an entry's numbers raises the tally's revision of counts, or its moves;
        # the other one belongs to a worker of an earlier release.
        if _revisions(after) == _revisions(before):
            return _Ledger(after, entries, is_steady=True)
        before = after
    return _Ledger(before, entries, is_steady=False)


def _revisions(standing: Standing) -> tuple[int, int, int]:
    tally = standing.tally
    return tally.revision, tally.counts_revision, tally.moves


def _article(slug: str) -> tuple[Article | None, list[str]]:
    try:
        return articles.find(slug), []
    except MalformedItemError as error:
        return None, [f"the article cannot be read ({error})"]


def _reviews(slug: str) -> tuple[dict[bytes, Review], list[str]]:
    found: dict[bytes, Review] = {}
    malformed = []
    for row in review_lists.every_review(slug):
        try:
            review = items.review_from(row)
        except MalformedItemError as error:
            malformed.append(f"a review cannot be read ({error})")
        else:
            found[keys.ledger_digest(review)] = review
    return found, malformed


def _is_readable(slug: str) -> bool:
    return not _reviews(slug)[1] and not _article(slug)[1]


@dataclass(frozen=True, slots=True)
class _Findings:
    """
    What the ledger should say where it does not.

    Attributes:
        behind: Entries to be replaced by a newer revision, as a worker would.
            Those whose contribution is right are among them: a record that
            comes late must find them newer.
        wrong: Entries that no record will ever put right.
    """

    behind: dict[bytes, Entry]
    wrong: dict[bytes, Entry]
    causes: list[str]


def _compare(
    entries: dict[bytes, Entry], settled: list[Review], current: dict[bytes, Review]
) -> _Findings:
    findings = _Findings({}, {}, [])
    for review in settled:
        digest = keys.ledger_digest(review)
        entry, new = entries.get(digest, Entry()), entry_of(review)
        differs = entry.counts != new.counts
        if entry.revision < new.revision:
            findings.behind[digest] = new
            if differs:
                findings.causes.append("a write to a review was not counted")
        elif differs or entry.revision > new.revision:
            findings.wrong[digest] = new
            findings.causes.append("a ledger entry is ahead of its review or was altered")
    for digest, entry in entries.items():
        if digest not in current and entry.counts and not keys.is_passing(digest):
            findings.wrong[digest] = Entry(entry.revision + 1)
            findings.causes.append("a ledger entry has no readable review")
    return findings


def _end_passing(
    findings: _Findings,
    entries: dict[bytes, Entry],
    current: dict[bytes, Review],
    settled: list[Review],
    *,
    is_told: bool,
) -> None:
    """
    Find entries of reviews that can no longer vanish by themselves, or have.

    Args:
        is_told: Whether one that is gone is worth a word: nobody can say since when, and its
            record may be on its way.
    """
    owners = {keys.passing_digest(review.id): review for review in current.values()}
    for digest, entry in entries.items():
        if not keys.is_passing(digest) or digest in current or not entry.counts:
            continue
        owner = owners.get(digest)
        if owner is None:
            findings.wrong[digest] = Entry(entry.revision + 1)
            if is_told:
                findings.causes.append("a ledger entry has no readable review")
        elif owner in settled:
            findings.behind[digest] = Entry(max(owner.revision, entry.revision + 1))
            findings.causes.append("a write to a review was not counted")


def _miscounted(slug: str, ledger: _Ledger) -> list[str]:
    """Say what is wrong with a tally's numbers, as far as its row and its ledger tell."""
    if not ledger.is_steady:
        return []
    if ledger.tally.numbers != ledger.sum:
        return ["the tally is not the sum of its ledger"]
    if ledger.standing.placement and ledger.standing.rank != _rank(slug, ledger.tally):
        return ["the rank is not that of the tally"]
    return []


def _misplaced(standing: Standing, article: Article | None, settled_at: datetime) -> list[str]:
    if article is not None and article.summary.updated_at > settled_at:
        return []
    due = tallies.placement(article.summary if article and article.is_public else None)
    if standing.placement == due:
        # The place was read first, so only content that was set back is behind it.
        is_ahead = article is not None and standing.article_revision > article.revision
        return ["the article's place among the best is ahead of it"] if is_ahead else []
    if not standing.placement:
        return ["the article is missing among the best"]
    if not due:
        return ["the article stands among the best and is not public"]
    return ["the article's place among the best is out of date"]


def _place(slug: str, standing: Standing, article: Article | None) -> None:
    summary = article.summary if article and article.is_public else None
    revision = article.revision if article else standing.article_revision + 1
    tallies.place(slug, summary, revision, score(0, 0), over=standing.article_revision)


def _repair_tally(slug: str) -> None:
    for _ in range(_ATTEMPTS):
        ledger = _read_ledger(slug)
        if not _miscounted(slug, ledger):
            return
        at, tally = now(), ledger.tally
        right = replace(
            ledger.sum,
            revision=tally.revision + 1,
            as_of=at,
            counts_revision=tally.counts_revision + 1,
            counts_as_of=at,
            moves=tally.moves,
        )
        tallies.overwrite(slug, ledger.tally, right, score(right.count, right.total))


def _rank(slug: str, tally: Tally) -> str:
    return keys.rank(score(tally.count, tally.total), slug)


def _each_once(causes: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        cause if number == 1 else f"{cause} ({number} times)"
        for cause, number in Counter(causes).items()
    )

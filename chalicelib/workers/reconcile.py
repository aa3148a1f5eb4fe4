"""
Compares tallies with the reviews themselves and puts them right.

It re-reads what the stream may have lost and goes through the same
`ledger.apply`, so it is safe beside live traffic.

Reading order matters: the ledger first, the reviews after. A review is then
never older than its entry, unless content itself was set back (restored from a
backup) or the entry altered, and only then is an entry replaced whatever its
revision.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib import logs
from chalicelib.model import Article, Review, Tally, now
from chalicelib.rules.ratings import contribution, recount, score
from chalicelib.store import articles, items, keys, listings, quarantine, review_lists, tallies
from chalicelib.store.items import MalformedItemError
from chalicelib.store.tallies import Entry
from chalicelib.workers.ledger import apply

GRACE: Final = timedelta(minutes=15)
"""How long a write may be on its way to the tally before it counts as lost."""

_ATTEMPTS: Final = 5

workers = Blueprint(__name__)


@dataclass(frozen=True, slots=True)
class Drift:
    """
    What is wrong with one article's tally.

    Attributes:
        expected: What the reviews add up to.
        stored: What the tally said.
        causes: Why they differ, one sentence each; empty when all is well.
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
    logs.write("reconciled", **summary)
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
    settled = {slug for slug in {row["slug"] for row in rows} if slug and not _reviews(slug)[1]}
    for row in rows:
        if row["slug"] in settled:
            quarantine.release(row["sk"])
    return sum(row["slug"] not in settled for row in rows)


def reconcile(slug: str, *, repair: bool, grace: timedelta = timedelta(0)) -> Drift:
    """
    Compare an article's tally with its reviews.

    Args:
        repair: Whether to put right what differs.
        grace: Age below which a write may still be on its way.

    Raises:
        UnavailableError: The tables could not be read or written.
    """
    ledger = _read_ledger(slug)
    current, causes = _reviews(slug)
    settled = [review for review in current.values() if review.changed_at <= now() - grace]
    findings = _compare(ledger.entries, settled, current)
    article = articles.find(slug)
    causes += findings.causes
    if ledger.is_steady and recount(ledger.contributions).stars != ledger.tally.stars:
        causes.append("the tally is not the sum of its ledger")
    causes += _misplaced(slug, ledger.tally, article)
    if repair:
        apply(slug, findings.behind)
        apply(
            slug, findings.wrong, over={digest: ledger.entry(digest) for digest in findings.wrong}
        )
        if causes:
            _repair_tally(slug, article)
    expected = recount([contribution(review) for review in current.values()])
    return Drift(slug, expected, ledger.tally, tuple(causes))


@dataclass(frozen=True, slots=True)
class _Ledger:
    """
    An article's whole ledger and its tally.

    Attributes:
        is_steady: Whether both are as they were at one moment. A busy article
            may not hold still for as long as reading takes.
    """

    tally: Tally
    entries: dict[bytes, Entry]
    is_steady: bool

    @property
    def contributions(self) -> list[int]:
        return [entry.contribution for entry in self.entries.values()]

    def entry(self, digest: bytes) -> Entry:
        return self.entries.get(digest, Entry())


def _read_ledger(slug: str) -> _Ledger:
    tally = tallies.read({slug: ()})[slug].tally
    entries: dict[bytes, Entry] = {}
    for _ in range(_ATTEMPTS):
        entries = dict(tallies.every_entry(slug))
        after = tallies.read({slug: ()})[slug].tally
        # Every change of a contribution raises the tally's revision.
        if after.revision == tally.revision:
            return _Ledger(after, entries, is_steady=True)
        tally = after
    return _Ledger(tally, entries, is_steady=False)


def _reviews(slug: str) -> tuple[dict[bytes, Review], list[str]]:
    found: dict[bytes, Review] = {}
    malformed = []
    for row in review_lists.every_review(slug):
        try:
            review = items.review_from(row)
        except MalformedItemError as error:
            malformed.append(f"a review cannot be read ({error})")
        else:
            found[review.key.digest] = review
    return found, malformed


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
        digest = review.key.digest
        entry, new = entries.get(digest, Entry()), Entry(review.revision, contribution(review))
        differs = entry.contribution != new.contribution
        if entry.revision < new.revision:
            # Nothing was ever counted of a review that never counted.
            if differs or new.revision > 1:
                findings.behind[digest] = new
            if differs:
                findings.causes.append("a write to a review was not counted")
        elif differs:
            findings.wrong[digest] = new
            findings.causes.append("a ledger entry is ahead of its review or was altered")
    for digest, entry in entries.items():
        if digest not in current and entry.contribution:
            findings.wrong[digest] = Entry(entry.revision + 1, 0)
            findings.causes.append("a ledger entry has no review")
    return findings


def _misplaced(slug: str, stored: Tally, article: Article | None) -> list[str]:
    rank = tallies.read_rank(slug)
    is_public = article is not None and article.is_public
    if is_public and rank is None:
        return ["the article is missing among the best"]
    if rank is not None and not is_public:
        return ["the article stands among the best and is not public"]
    if rank is not None and rank != keys.rank(score(stored.count, stored.total), slug):
        return ["the rank is not that of the tally"]
    return []


def _repair_tally(slug: str, article: Article | None) -> None:
    if article is not None:
        summary = article.summary if article.is_public else None
        tallies.place(slug, summary, article.revision, score(0, 0))
    for _ in range(_ATTEMPTS):
        ledger = _read_ledger(slug)
        right = recount(ledger.contributions)
        is_right = right.stars == ledger.tally.stars and not _misplaced(slug, ledger.tally, article)
        if is_right or not ledger.is_steady:
            return
        right = replace(right, revision=ledger.tally.revision + 1, as_of=now())
        tallies.overwrite(slug, ledger.tally, right, score(right.count, right.total))

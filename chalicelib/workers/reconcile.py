"""
Compares tallies with the reviews themselves and puts them right.

It re-reads what the stream may have lost and goes through the same
`ledger.apply`, so it is safe beside live traffic.

Reading order matters: the ledger first, the reviews after. A review is then
never older than its entry, unless content itself was set back (restored from a
backup), and only then may an entry be replaced by an older revision.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
    stored, ledger = _snapshot(slug)
    causes: list[str] = []
    current, malformed = _reviews(slug)
    causes += malformed
    wanted = _differences(ledger, current, now() - grace, causes)
    expected = recount([contribution(review) for review in current.values()])
    if recount([entry.contribution for entry in ledger.values()]).stars != stored.stars:
        causes.append("the tally is not the sum of its ledger")
    article = articles.find(slug)
    causes += _misplaced(slug, stored, article)
    if repair and causes:
        _repair(slug, wanted, ledger, article)
    return Drift(slug, expected, stored, tuple(causes))


def _snapshot(slug: str) -> tuple[Tally, dict[bytes, Entry]]:
    """Read a tally and its ledger as they were at one moment."""
    tally = tallies.read({slug: ()})[slug].tally
    for _ in range(_ATTEMPTS):
        ledger = dict(tallies.every_entry(slug))
        after = tallies.read({slug: ()})[slug].tally
        if after.revision == tally.revision:
            break
        tally = after
    return tally, ledger


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


def _differences(
    ledger: dict[bytes, Entry], current: dict[bytes, Review], settled: datetime, causes: list[str]
) -> dict[bytes, Entry]:
    """Say what entries should be where they differ from their reviews, and add the causes."""
    wanted = {}
    for digest, review in current.items():
        entry = ledger.get(digest, Entry())
        new = Entry(review.revision, contribution(review))
        if entry.contribution == new.contribution or review.changed_at > settled:
            continue
        if entry.revision < new.revision:
            causes.append("a write to a review was not counted")
        else:
            causes.append("a ledger entry is ahead of its review or was altered")
        wanted[digest] = new
    for digest, entry in ledger.items():
        if digest not in current and entry.contribution:
            causes.append("a ledger entry has no review")
            wanted[digest] = Entry(entry.revision + 1, 0)
    return wanted


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


def _repair(
    slug: str, wanted: dict[bytes, Entry], ledger: dict[bytes, Entry], article: Article | None
) -> None:
    apply(slug, wanted, over={digest: ledger.get(digest, Entry()) for digest in wanted})
    if article is not None:
        summary = article.summary if article.is_public else None
        tallies.place(slug, summary, article.revision, score(0, 0))
    for _ in range(_ATTEMPTS):
        tally, ledger = _snapshot(slug)
        right = recount([entry.contribution for entry in ledger.values()])
        if right.stars == tally.stars and not _misplaced(slug, tally, article):
            return
        right = replace(right, revision=tally.revision + 1, as_of=now())
        tallies.overwrite(slug, tally, right, score(right.count, right.total))

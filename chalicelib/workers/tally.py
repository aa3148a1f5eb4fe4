"""
The Lambda that counts: content's stream in, ledger and tally out.

Delivery is at least once and may repeat out of order; `ledger.apply` makes
that harmless. Its own writes go to a table without a stream, so it cannot
wake itself.

Source:
    Partial batch responses:
    docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
"""

import logging
import os
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from chalice.app import Blueprint, DynamoDBEvent

from chalicelib import logs
from chalicelib.errors import UnavailableError
from chalicelib.metrics import Measured
from chalicelib.model import now
from chalicelib.rules.ratings import score
from chalicelib.store import client, quarantine, tallies
from chalicelib.store.items import MalformedItemError
from chalicelib.store.tallies import Entry, Seen
from chalicelib.workers import records, related
from chalicelib.workers.ledger import apply
from chalicelib.workers.records import ArticleChange, Change, Record, ReviewChange

# Chalice wants the ARN when the module is imported. In a stack that makes the
# table itself, the merge template puts the real one in its place.
_PLACEHOLDER: Final = (
    "arn:aws:dynamodb:us-east-1:000000000000:table/placeholder/stream/2000-01-01T00:00:00.000"
)

Answer: TypeAlias = dict[str, list[dict[str, str]]]

workers = Blueprint(__name__)
client.prepare(os.environ)


class _Asked(NamedTuple):
    """A record with what it asks of the tally."""

    record: Record
    change: Change


@workers.on_dynamodb_record(
    stream_arn=os.environ.get("CONTENT_STREAM_ARN", _PLACEHOLDER),
    # One transaction: 99 ledger entries and the tally.
    batch_size=99,
    starting_position="TRIM_HORIZON",
    name="tally_ratings",
    maximum_batching_window_in_seconds=1,
)
def tally_ratings(event: DynamoDBEvent) -> Answer:
    """
    Count what a batch of stream records says.

    Returns:
        `batchItemFailures` with the first record that could not be counted;
        Lambda delivers it and all behind it again. Empty when all are counted.
    """
    logs.configure()
    batch = event.to_dict()["Records"]
    left = _count(batch)
    _measure([record for record in batch if record not in left], len(left))
    failures = [{"itemIdentifier": records.sequence_number(record)} for record in left[:1]]
    return {"batchItemFailures": failures}


def _measure(counted: Sequence[Record], left: int) -> None:
    """Log a batch, and how long the oldest record that it counted was on its way."""
    created = [at for record in counted if (at := records.created_at(record)) is not None]
    lag = round((now().timestamp() - min(created)) * 1000) if created else None
    measured = None if lag is None else Measured({"TallyLag": max(0, lag)}, {})
    logs.write("batch", measured=measured, records=len(counted), left=left)


def _count(batch: Sequence[Record]) -> list[Record]:
    """
    Count a batch, article by article.

    Stops at the first trouble: what fails for one article now will likely fail
    for the next.

    Returns:
        The records that are left, in their order.
    """
    asked, unread = _read(batch)
    left = [one.record for one in asked] + unread
    try:
        groups = _by_article(asked)
        seen = tallies.read({slug: _wanted(group) for slug, group in groups.items()})
        for slug, group in groups.items():
            counted = _count_article(slug, group, seen[slug])
            left = [record for record in left if record not in counted]
            if len(counted) < len(group):
                break
    except Exception as error:  # noqa: BLE001 - whatever it is, the records must come again
        logs.failure("tally stopped", error)
    again = _follow([one for one in asked if one.record not in left])
    return [one.record for one in asked if one.record in [*left, *again]] + unread


def _follow(counted: Sequence[_Asked]) -> list[Record]:
    """
    Bring up to date what pages show of the articles that a batch changed.

    The tally does not hang on it: what fails for good is left to the reconciler.

    Returns:
        The records that must come again.
    """
    changes = [one.change for one in counted]
    try:
        related.follow([change for change in changes if isinstance(change, ArticleChange)])
    except UnavailableError as error:
        logs.failure("related stopped", error)
        return [one.record for one in counted if isinstance(one.change, ArticleChange)]
    except Exception as error:  # noqa: BLE001 - a page without its newest neighbours is a page
        logs.failure("related failed", error)
    return []


def _read(batch: Sequence[Record]) -> tuple[list[_Asked], list[Record]]:
    """Read a batch up to the first record that can neither be read nor put aside."""
    asked: list[_Asked] = []
    for position, record in enumerate(batch):
        try:
            change = records.read(record)
        except MalformedItemError as malformed:
            if not _put_aside(record, str(malformed)):
                return asked, list(batch[position:])
        else:
            if change is not None:
                asked.append(_Asked(record, change))
    return asked, []


def _put_aside(record: Record, reason: str) -> bool:
    """Keep a malformed record for the reconciler, so that it does not hold up its shard."""
    number = records.sequence_number(record)
    slug = records.slug_of(record)
    try:
        quarantine.put(number, slug, reason, now())
    except Exception as error:  # noqa: BLE001 - the record must come again
        logs.failure("quarantine failed", error, sequence_number=number)
        return False
    logs.write(
        "quarantine",
        level=logging.ERROR,
        measured=Measured({"Quarantine": 1}, {}),
        slug=slug,
        sequence_number=number,
        reason=reason,
    )
    return True


def _by_article(asked: Sequence[_Asked]) -> dict[str, list[_Asked]]:
    groups: dict[str, list[_Asked]] = {}
    for one in asked:
        groups.setdefault(one.change.slug, []).append(one)
    return groups


def _count_article(slug: str, group: Sequence[_Asked], seen: Seen) -> list[Record]:
    """
    Count one article's records together, or one by one if that fails.

    Returns:
        The records that are counted, a beginning of the group.
    """
    everything = [one.record for one in group]
    try:
        _apply(slug, group, seen)
    except Exception as error:  # noqa: BLE001 - whatever it is, find the record that causes it
        logs.failure("tally one by one", error, slug=slug, records=len(group))
    else:
        return everything
    for position, one in enumerate(group):
        try:
            _apply(slug, [one], None)
        except Exception as error:  # noqa: BLE001 - the record must come again
            logs.failure("tally failed", error, slug=slug)
            return everything[:position]
    return everything


def _apply(slug: str, group: Sequence[_Asked], seen: Seen | None) -> None:
    wanted = _wanted(group)
    if wanted:
        applied = apply(slug, wanted, seen)
        logs.write("tally", slug=slug, reviews=len(wanted), changed=applied)
    articles = [one.change for one in group if isinstance(one.change, ArticleChange)]
    if any(change.is_moved for change in articles):
        newest = max(articles, key=lambda change: change.revision)
        placed = tallies.place(slug, newest.summary, newest.revision, score(0, 0))
        logs.write("rank", slug=slug, changed=int(placed))


def _wanted(group: Sequence[_Asked]) -> dict[bytes, Entry]:
    """
    Say what the reviews of a group contribute after its newest records.

    A review that ends as it began is kept: an earlier delivery may have
    counted only the first of its records.
    """
    wanted: dict[bytes, Entry] = {}
    for _, change in group:
        if isinstance(change, ReviewChange):
            for digest, entry in change.entries.items():
                if entry.revision > wanted.get(digest, Entry()).revision:
                    wanted[digest] = entry
    return wanted

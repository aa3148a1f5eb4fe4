"""
Rows of content as the stream tells of them, and what the tally made of them.

For what the API cannot be asked for: chosen revisions, any order, many rows at once.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from chalicelib import settings
from chalicelib.model import (
    HIDDEN,
    STARS,
    Article,
    ArticleStatus,
    Review,
    ReviewKey,
    ReviewStatus,
    Summary,
    Tally,
)
from chalicelib.rules.ratings import contribution, outcomes, recount
from chalicelib.store import client, items, keys, review_lists, tallies
from chalicelib.store.attributes import Item
from chalicelib.store.tallies import Entry
from tests.builders import SLUG
from tests.event_source import Record

AT: Final = datetime(2026, 3, 14, 8, tzinfo=UTC)


def digest(number: int) -> bytes:
    """Give the digest of the reader of this number."""
    return number.to_bytes(16, "big")


def review(number: int = 1, rating: int = 5, **changes: Any) -> Review:
    """Give a published review, the only one of the reader of this number."""
    original = Review(
        slug=SLUG,
        key=ReviewKey("R", digest(number)),
        id=f"{number:026d}",
        revision=1,
        status=ReviewStatus.PUBLISHED,
        answered_status=ReviewStatus.PUBLISHED,
        name="Grace",
        message="Clear and kind.",
        rating=rating,
        submitted_at=AT,
        edited_at=None,
        changed_at=AT,
        reply=None,
        reader=keys.encode_digest(digest(number)),
        fingerprint=keys.encode_digest(digest(number)),
        idempotency="",
        proposed_for=None,
    )
    return replace(original, **changes)


def article(revision: int = 1, **changes: Any) -> Article:
    """Give a published article."""
    summary = Summary(
        slug=SLUG,
        title="First light",
        description="What a telescope sees first.",
        image=None,
        author="Ada Byron",
        tags=("astronomy",),
        published_at=AT,
        updated_at=AT,
        revision=revision,
        status=ArticleStatus.PUBLISHED,
    )
    return Article(replace(summary, **changes), "The dome *opens*.", "<p>The dome opens.</p>")


def item(row: Review | Article | None) -> Item | None:
    """Write a row as content holds it."""
    if row is None:
        return None
    return items.review_item(row) if isinstance(row, Review) else items.article_item(row)


def record(
    old: Review | Article | None, new: Review | Article | None, sequence_number: int = 1
) -> Record:
    """Give the record of one write to a row."""
    return record_of(item(old), item(new), sequence_number)


def record_of(old: Item | None, new: Item | None, sequence_number: int = 1) -> Record:
    """Give the record of one write, whatever the row holds."""
    images = {"OldImage": old, "NewImage": new}
    present = {name: image for name, image in images.items() if image is not None}
    keys_of = new or old or {}
    return {
        "eventID": f"{sequence_number:032x}",
        "eventName": "REMOVE" if new is None else "INSERT" if old is None else "MODIFY",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "Keys": {name: keys_of[name] for name in ("pk", "sk") if name in keys_of},
            "SequenceNumber": str(sequence_number),
            "SizeBytes": 100,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
            **present,
        },
    }


def put(*rows: Review | Article | Item) -> None:
    """Write rows into content as they are, without a condition."""
    for row in rows:
        raw = row if isinstance(row, dict) else item(row)
        client.write({"Put": {"TableName": settings.current().content_table, "Item": raw}})


def key_of(one: Review) -> keys.Key:
    """Give the key of a review's row."""
    return keys.review(one.slug, one.key)


def delete(key: keys.Key) -> None:
    """Take a row out of content."""
    client.write({"Delete": {"TableName": settings.current().content_table, "Key": key}})


def _counted_rows(slug: str) -> list[Item]:
    found = client.read_all(
        "query",
        TableName=settings.current().derived_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": keys.tally_pk(slug)}},
        ConsistentRead=True,
    )
    return list(found)


class Counted(NamedTuple):
    """
    What the worker made of an article's reviews.

    Attributes:
        tally: Numbers alone, to be compared with a recount.
        rank: Sort key among the best; empty before the first count.
    """

    tally: Tally
    rank: str
    ledger: dict[bytes, Entry]


def counted_of(slug: str = SLUG) -> Counted:
    """Read a tally's row and its whole ledger."""
    stored = {row["sk"]["S"]: row for row in _counted_rows(slug)}
    row = stored.pop(keys.TALLY, {})
    stored.pop(keys.RELATED, None)
    ledger = {keys.parse_ledger_sk(sk): tallies.entry_from(entry) for sk, entry in stored.items()}
    tally = items.tally_from(row).numbers
    return Counted(tally, row.get("rank", {"S": ""})["S"], ledger)


def ledger_rows(slug: str = SLUG) -> list[Item]:
    """Read the rows of a ledger."""
    return [row for row in _counted_rows(slug) if row["sk"]["S"].startswith("L#")]


def forget_counts(slug: str = SLUG) -> None:
    """Make a ledger and its tally what a release left that counted published stars alone."""
    hidden = {f"{outcome}_{stars}" for outcome in HIDDEN for stars in STARS}
    later = {"outcomes", "counts_revision", "counts_as_of", "moves", *hidden}
    for row in _counted_rows(slug):
        kept = {name: value for name, value in row.items() if name not in later}
        client.write({"Put": {"TableName": settings.current().derived_table, "Item": kept}})


def numbers_of(slug: str = SLUG) -> Tally:
    """Read a tally's numbers, to be compared with a recount."""
    return counted_of(slug).tally


def ledger_of(slug: str = SLUG) -> dict[bytes, Entry]:
    """Read a ledger."""
    return counted_of(slug).ledger


def numbers(*stars: int, **hidden: int) -> Tally:
    """Give the numbers of a tally of published reviews, and others such as `held_1=2`."""
    return recount(stars, [tuple(hidden.items())])


def sum_of_ledger(slug: str = SLUG) -> Tally:
    """Say what a tally must be at any moment."""
    return sum_of(ledger_of(slug))


def sum_of(ledger: dict[bytes, Entry]) -> Tally:
    """Add a ledger up."""
    entries = ledger.values()
    return recount([one.contribution for one in entries], [one.outcomes for one in entries])


def passing() -> list[Item]:
    """Read the reviews and proposals that will vanish by themselves."""
    found = client.read_all(
        "scan",
        TableName=settings.current().content_table,
        FilterExpression="attribute_exists(expires_at) AND begins_with(pk, :articles)",
        ExpressionAttributeValues={":articles": {"S": "A#"}},
        ConsistentRead=True,
    )
    return list(found)


def recount_of(slug: str = SLUG) -> Tally:
    """Say what a tally must be at rest."""
    reviews = [items.review_from(row) for row in review_lists.every_review(slug)]
    return recount([contribution(one) for one in reviews], [outcomes(one) for one in reviews])

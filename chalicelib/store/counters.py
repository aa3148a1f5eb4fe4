"""
What was taken in lately, in rows of derived that forget themselves.

    keys_of, found      part of a BatchGetItem
    action              UpdateItem or PutItem: 1 write unit, 2 in a transaction

Only the newest bucket of a row grows, under the condition that it has room; a
new one is begun under the condition that the last did not change meanwhile. So
nothing that happens at once exceeds a limit, whatever the clocks say.
"""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib import settings
from chalicelib.model import STARS, Bucket, Counter
from chalicelib.store import attributes, keys
from chalicelib.store.attributes import Item
from chalicelib.store.client import Action


def keys_of(counter: Counter) -> list[Item]:
    """Give the keys of the rows that a counter may be in: under its name, and under the last."""
    subjects = [counter.subject, counter.earlier] if counter.earlier else [counter.subject]
    return [keys.counter(subject, counter.window) for subject in subjects]


def found(counter: Counter, rows: Mapping[str, Item]) -> Counter:
    """
    Fill a counter with what was read.

    Args:
        rows: By partition key.
    """
    row, *earlier = (rows.get(key["pk"]["S"]) for key in keys_of(counter))
    if row is None and earlier:
        return replace(counter, buckets=_buckets(earlier[0]))
    return filled(counter, row)


def filled(counter: Counter, row: Item | None) -> Counter:
    """Fill a counter with its row; an absent one has counted nothing."""
    return replace(counter, buckets=_buckets(row), is_stored=row is not None)


def action(before: Counter, after: Counter, room: int, expires_at: int) -> Action:
    """
    Make the write that counts one more.

    Args:
        before: As it was read.
        after: With the one more.
        room: How much the newest bucket may hold in all.
        expires_at: Epoch seconds.
    """
    table, key = settings.current().derived_table, keys.counter(after.subject, after.window)
    newest = after.buckets[-1]
    seen = before.buckets[-1] if before.is_stored else None
    if seen is not None and seen.number == newest.number:
        added = {
            f"stars_{star}": 1
            for star, old, new in zip(STARS, seen.stars, newest.stars, strict=True)
            if new > old
        }
        names = ", ".join(f"{name} :one" for name in ("n", *added))
        return {
            "Update": {
                "TableName": table,
                "Key": key,
                "UpdateExpression": f"ADD {names}",
                "ConditionExpression": "newest = :bucket AND n < :room",
                "ExpressionAttributeValues": attributes.pack(
                    {":bucket": newest.number, ":one": 1, ":room": room}
                ),
            }
        }
    put = {"TableName": table, "Item": key | _row(after, expires_at)}
    if seen is None:
        return {"Put": put | {"ConditionExpression": "attribute_not_exists(pk)"}}
    return {
        "Put": put
        | {
            "ConditionExpression": "newest = :bucket AND n = :seen",
            "ExpressionAttributeValues": attributes.pack({":bucket": seen.number, ":seen": seen.n}),
        }
    }


def _row(counter: Counter, expires_at: int) -> Item:
    *past, newest = counter.buckets
    return attributes.pack(
        {
            "newest": newest.number,
            "n": newest.n,
            **{f"stars_{star}": n for star, n in zip(STARS, newest.stars, strict=True) if n},
            "past": [[bucket.number, bucket.n, *bucket.stars] for bucket in past],
            "expires_at": expires_at,
        }
    )


def _buckets(row: Item | None) -> tuple[Bucket, ...]:
    if row is None:
        return ()
    plain = attributes.unpack(row)
    stars = tuple(plain.get(f"stars_{star}", 0) for star in STARS)
    past = (Bucket(number, n, tuple(counts)) for number, n, *counts in plain["past"])
    return *past, Bucket(plain["newest"], plain["n"], stars)

"""
Tallies, the ledger behind them, and records that could not be counted.

    read_many            BatchGetItem, consistent                1 round trip
    commit               TransactWriteItems: ledger, tally       2 write units a row
    place                UpdateItem                              1 write unit
    every_entry          Query the tally's partition             1 per MB
    overwrite            UpdateItem                              1 write unit
    quarantine           PutItem                                 1 write unit

Only the workers write here. The one invariant: a tally is the sum of its
ledger, because both change in one transaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib import settings
from chalicelib.model import STARS, Summary, Tally, rfc3339
from chalicelib.store import client, items, keys
from chalicelib.store.client import Action, ConditionFailedError


@dataclass(frozen=True, slots=True)
class Entry:
    """
    What one review contributes to the tally now.

    Attributes:
        revision: Revision of the review that said so; 0 before the first.
        contribution: Stars 1 to 5, or 0 for none.
    """

    revision: int = 0
    contribution: int = 0


@dataclass(frozen=True, slots=True)
class EntryChange:
    """
    One ledger entry's next value.

    Attributes:
        digest: 16 bytes, the review's.
        guess: Contribution that the entry is expected to have.
        new: The entry as it shall be; it replaces only an older revision.
        over: Exact entry that it replaces whatever its revision. Only the
            reconciler, which has seen the review itself, may say so.
    """

    digest: bytes
    guess: int
    new: Entry
    over: Entry | None = None


class CommitRefusedError(Exception):
    """
    The ledger or the tally was not as expected; nothing was written.

    Attributes:
        entries: The present entry of each change that did not fit, by digest.
        tally: The present tally if it had moved on, else None.
    """

    def __init__(self, entries: Mapping[bytes, Entry], tally: Tally | None) -> None:
        super().__init__(f"{len(entries)} entries and {int(tally is not None)} tally differ")
        self.entries = entries
        self.tally = tally


def read_many(slugs: Sequence[str]) -> dict[str, Tally]:
    """
    Read the tallies of up to 100 articles, as they are now.

    Returns:
        A tally for every slug, empty where there is none.

    Raises:
        UnavailableError: The table could not be read.
    """
    table = settings.current().derived_table
    rows = client.batch_get({table: [keys.tally(slug) for slug in slugs]}, consistent=True)[table]
    found = {keys.parse_tally_pk(row["pk"]["S"]): items.tally_from(row) for row in rows}
    return {slug: found.get(slug, Tally()) for slug in slugs}


def commit(
    slug: str, seen: Tally, changes: Sequence[EntryChange], after: Tally, score: int
) -> None:
    """
    Change ledger entries and their tally together, or nothing.

    Args:
        seen: The tally that `after` was computed from.
        changes: Of different reviews, 1 to 99.
        after: `seen` with the changes applied.
        score: Of `after`, millionths of a star.

    Raises:
        CommitRefusedError: An entry or the tally was not as expected.
        UnavailableError: The changes may have been made.
    """
    actions = [_entry_update(slug, change) for change in changes]
    if after != seen:
        actions.append(_tally_update(slug, seen, after, score))
    try:
        client.write(*actions)
    except ConditionFailedError as failed:
        entries: dict[bytes, Entry] = {}
        tally = None
        for index, row in failed.found.items():
            if index < len(changes):
                entries[changes[index].digest] = entry_from(row)
            else:
                tally = items.tally_from(row)
        raise CommitRefusedError(entries, tally) from None


def place(slug: str, summary: Summary | None, revision: int, score: int) -> bool:
    """
    List an article among the best, or take it off.

    Args:
        summary: The article while it is public; None otherwise.
        revision: The article's; an older one changes nothing.
        score: For an article that has no tally yet.

    Returns:
        Whether anything was written.

    Raises:
        UnavailableError: It may have been written.
    """
    if summary is None or summary.published_at is None:
        change = "REMOVE ranked_in, listing, tags, author SET article_revision = :revision"
        values: items.Plain = {}
    else:
        change = (
            "SET article_revision = :revision, ranked_in = :top, listing = :listing, tags = :tags,"
            " #rank = if_not_exists(#rank, :rank)"
            + (", author = :author" if summary.author else " REMOVE author")
        )
        values = {
            ":top": keys.TOP,
            ":listing": keys.listing_sk(summary.published_at, slug),
            ":tags": list(summary.tags),
            ":rank": keys.rank(score, slug),
            ":author": summary.author,
        }
    update: dict[str, Any] = {
        "TableName": settings.current().derived_table,
        "Key": keys.tally(slug),
        "UpdateExpression": change,
        "ConditionExpression": (
            "attribute_not_exists(article_revision) OR article_revision < :revision"
        ),
        "ExpressionAttributeValues": items.pack(values | {":revision": revision}),
    }
    if values:
        update["ExpressionAttributeNames"] = {"#rank": "rank"}
    try:
        client.write({"Update": update})
    except ConditionFailedError:
        return False
    return True


def every_entry(slug: str) -> Iterator[tuple[bytes, Entry]]:
    """
    Read an article's whole ledger, as it is now.

    Raises:
        UnavailableError: The table could not be read.
    """
    rows = client.query_all(
        TableName=settings.current().derived_table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :entries)",
        ExpressionAttributeValues=items.pack({":pk": keys.tally_pk(slug), ":entries": "L#"}),
        ConsistentRead=True,
    )
    for row in rows:
        yield keys.decode_digest(row["sk"]["S"].removeprefix("L#")), entry_from(row)


def overwrite(slug: str, seen: Tally, tally: Tally, score: int) -> bool:
    """
    Put a tally's numbers right, unless it has changed meanwhile.

    Returns:
        Whether it was written.

    Raises:
        UnavailableError: It may have been written.
    """
    try:
        client.write(_tally_update(slug, seen, tally, score))
    except ConditionFailedError:
        return False
    return True


def read_rank(slug: str) -> str | None:
    """
    Read the sort key under which an article is ranked; None while it is not.

    Raises:
        UnavailableError: The table could not be read.
    """
    row = client.get(settings.current().derived_table, keys.tally(slug), consistent=True) or {}
    rank: str | None = row["rank"]["S"] if "ranked_in" in row else None
    return rank


def quarantine(sequence_number: str, slug: str, reason: str, at: datetime) -> None:
    """
    Put a record aside that cannot be read. The same record twice is one row.

    Args:
        sequence_number: The stream's, up to 40 digits.
        slug: Its article, or empty when that cannot be read either.
        reason: What is wrong, without anything that a reader wrote.

    Raises:
        UnavailableError: It may have been put aside.
    """
    row = {"slug": slug, "reason": reason, "quarantined_at": rfc3339(at)}
    item = keys.key(keys.QUARANTINE, sequence_number) | items.pack(row)
    client.write({"Put": {"TableName": settings.current().derived_table, "Item": item}})


def list_quarantine() -> list[items.Plain]:
    """
    Read everything that was put aside.

    Raises:
        UnavailableError: The table could not be read.
    """
    rows = client.query_all(
        TableName=settings.current().derived_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues=items.pack({":pk": keys.QUARANTINE}),
        ConsistentRead=True,
    )
    return [items.unpack(row) for row in rows]


def release(sequence_number: str) -> None:
    """
    Forget a record that was put aside.

    Raises:
        UnavailableError: It may have been forgotten.
    """
    key = keys.key(keys.QUARANTINE, sequence_number)
    client.write({"Delete": {"TableName": settings.current().derived_table, "Key": key}})


def entry_from(row: client.Item | None) -> Entry:
    """Read a ledger row; an absent one has contributed nothing."""
    plain = items.unpack(row or {})
    return Entry(plain.get("revision", 0), plain.get("contribution", 0))


def _entry_update(slug: str, change: EntryChange) -> Action:
    values = {
        ":revision": change.new.revision,
        ":contribution": change.new.contribution,
        ":guess": change.guess,
    }
    if change.over is None:
        condition = "revision < :revision AND contribution = :guess"
    else:
        condition = "revision = :over AND contribution = :guess"
        values[":over"] = change.over.revision
    # An entry that was never written contributes nothing.
    if change.guess == 0 and (change.over is None or change.over == Entry()):
        condition = f"attribute_not_exists(pk) OR ({condition})"
    return {
        "Update": {
            "TableName": settings.current().derived_table,
            "Key": keys.ledger(slug, change.digest),
            "UpdateExpression": "SET revision = :revision, contribution = :contribution",
            "ConditionExpression": condition,
            "ExpressionAttributeValues": items.pack(values),
        }
    }


def _tally_update(slug: str, seen: Tally, after: Tally, score: int) -> Action:
    differences = {
        "count": after.count - seen.count,
        "total": after.total - seen.total,
        "revision": after.revision - seen.revision,
        **{f"stars_{number}": after.stars[number - 1] - seen.stars[number - 1] for number in STARS},
    }
    added = {name: number for name, number in differences.items() if number}
    # The score needs the numbers that the additions lead to, so they must
    # start from the tally that was seen.
    condition = "revision = :seen" if seen.revision else "attribute_not_exists(revision)"
    values: items.Plain = {f":{name}": number for name, number in added.items()} | {
        ":as_of": after.as_of and rfc3339(after.as_of),
        ":rank": keys.rank(score, slug),
        ":seen": seen.revision or None,
    }
    return {
        "Update": {
            "TableName": settings.current().derived_table,
            "Key": keys.tally(slug),
            "UpdateExpression": "ADD "
            + ", ".join(f"#{name} :{name}" for name in added)
            + " SET as_of = :as_of, #rank = :rank",
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {f"#{name}": name for name in [*added, "rank"]},
            "ExpressionAttributeValues": items.pack(values),
        }
    }

"""
Tallies and the ledger behind them.

    read                 BatchGetItem, consistent                1 round trip per 100 rows
    commit               TransactWriteItems: ledger, tally       2 write units a row
    read_standing        GetItem, consistent                     1
    place                UpdateItem                              1 write unit
    every_entry          Query the tally's partition             1 per MB
    overwrite            UpdateItem                              1 write unit

Only the workers write here. The one invariant: a tally is the sum of its
ledger, because both change in one transaction.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple

from chalicelib import settings
from chalicelib.model import HIDDEN, STARS, Outcome, Outcomes, Summary, Tally, now, rfc3339
from chalicelib.store import attributes, client, items, keys
from chalicelib.store.client import Action, ConditionFailedError

_PLACED: Final = ("ranked_in", "listing", "tags", "author")
"""What a tally's row holds of its article while that is public."""
_REVISIONS: Final = ("revision", "counts_revision", "moves")
"""Of which every change of an entry's numbers raises one."""
_LATEST: Final = timedelta(days=7)
"""How long after a review vanished a record of it may still come; a stream keeps it for a day."""


@dataclass(frozen=True, slots=True)
class Entry:
    """
    What one review contributes to the tally now.

    Attributes:
        revision: Revision of the review that said so; 0 before the first.
        contribution: Stars 1 to 5, or 0 for none.
        outcomes: What it adds to the counts of what the public cannot read.
    """

    revision: int = 0
    contribution: int = 0
    outcomes: Outcomes = ()

    @property
    def counts(self) -> dict[str, int]:
        """What it adds to which number, `published_5` or `held_1`; the same as another, or not."""
        published = f"{Outcome.PUBLISHED}_{self.contribution}"
        return dict(self.outcomes) | ({published: 1} if self.contribution else {})


class EntryChange(NamedTuple):
    """One ledger entry as it was seen and as it shall be. `digest` is the review's, 16 bytes."""

    digest: bytes
    seen: Entry
    new: Entry


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What was read of one article's numbers.

    Attributes:
        entries: By review digest, for every review that was asked for.
    """

    tally: Tally
    entries: Mapping[bytes, Entry]


@dataclass(frozen=True, slots=True)
class Standing:
    """
    A tally's whole row as it was at one moment.

    Attributes:
        rank: Sort key among the best; None before the first count or placing.
        article_revision: Of the write that placed the article last; 0 before.
        placement: As `placement` gives it; empty while the article is not ranked.
    """

    tally: Tally
    rank: str | None
    article_revision: int
    placement: attributes.Plain


class CommitRefusedError(Exception):
    """
    The ledger or the tally was not as it was seen; nothing was written.

    Attributes:
        present: What is there now.
    """

    def __init__(self, present: Seen) -> None:
        super().__init__("the ledger or the tally has moved on")
        self.present = present


def read(wanted: Mapping[str, Iterable[bytes]]) -> dict[str, Seen]:
    """
    Read tallies and ledger entries, as they are now.

    Args:
        wanted: Digests of reviews by slug.

    Returns:
        For every slug its tally and the entries asked for, empty where there
        is none.

    Raises:
        UnavailableError: The table could not be read.
    """
    table = settings.current().derived_table
    asked = {slug: list(digests) for slug, digests in wanted.items()}
    row_keys = [keys.tally(slug) for slug in asked]
    row_keys += [keys.ledger(slug, digest) for slug, all_of in asked.items() for digest in all_of]
    rows = client.batch_get({table: row_keys}, consistent=True)[table]
    found = {(row["pk"]["S"], row["sk"]["S"]): row for row in rows}

    def row_of(key: keys.Key) -> attributes.Item | None:
        return found.get((key["pk"]["S"], key["sk"]["S"]))

    return {
        slug: Seen(
            items.tally_from(row_of(keys.tally(slug))),
            {digest: entry_from(row_of(keys.ledger(slug, digest))) for digest in all_of},
        )
        for slug, all_of in asked.items()
    }


def commit(slug: str, seen: Seen, changes: Sequence[EntryChange], after: Tally, score: int) -> None:
    """
    Change ledger entries and their tally together, or nothing.

    Args:
        seen: What `changes` and `after` were computed from.
        changes: Of different reviews, 1 to 99.
        after: The tally with the changes applied.
        score: Of `after`, millionths of a star.

    Raises:
        CommitRefusedError: An entry or the tally is not as it was seen.
        UnavailableError: The changes may have been made.
    """
    actions = [_entry_update(slug, change) for change in changes]
    if after != seen.tally:
        # Counts may be added to whatever is there; a score is that of the stars that were seen.
        guarded = ("revision",) if after.revision != seen.tally.revision else ()
        actions.append(_tally_update(slug, seen.tally, after, score, guarded))
    try:
        client.write(*actions)
    except ConditionFailedError as failed:
        entries = dict(seen.entries)
        tally = seen.tally
        for index, row in failed.found.items():
            if index < len(changes):
                entries[changes[index].digest] = entry_from(row)
            else:
                tally = items.tally_from(row)
        raise CommitRefusedError(Seen(tally, entries)) from None


def placement(summary: Summary | None) -> attributes.Plain:
    """Give the attributes that list an article among the best; none unless it is public."""
    if summary is None or summary.published_at is None:
        return {}
    placed = {
        "ranked_in": keys.TOP,
        "listing": keys.listing_sk(summary.published_at, summary.home),
        "tags": list(summary.tags),
    }
    return placed | ({"author": summary.author} if summary.author else {})


def place(
    slug: str, summary: Summary | None, revision: int, score: int, over: int | None = None
) -> bool:
    """
    List an article among the best, or take it off.

    Args:
        summary: The article while it is public; None otherwise.
        revision: The article's; an older one changes nothing.
        score: For an article that has no tally yet.
        over: For the reconciler, which has seen the article itself: the very
            revision to replace, whatever the new one; 0 for none.

    Returns:
        Whether anything was written.

    Raises:
        UnavailableError: It may have been written.
    """
    placed = placement(summary)
    absent = [name for name in _PLACED if name not in placed]
    sets = ["article_revision = :revision", *(f"{name} = :{name}" for name in placed)]
    values: attributes.Plain = {f":{name}": value for name, value in placed.items()}
    condition = "attribute_not_exists(article_revision)"
    if over is None:
        condition += " OR article_revision < :revision"
    elif over:
        condition = "article_revision = :over"
        values[":over"] = over
    update: dict[str, Any] = {
        "TableName": settings.current().derived_table,
        "Key": keys.tally(slug),
        "ConditionExpression": condition,
    }
    if placed:
        sets.append("#rank = if_not_exists(#rank, :rank)")
        values[":rank"] = keys.rank(score, slug)
        update["ExpressionAttributeNames"] = {"#rank": "rank"}
    change = "SET " + ", ".join(sets) + (" REMOVE " + ", ".join(absent) if absent else "")
    update["UpdateExpression"] = change
    update["ExpressionAttributeValues"] = attributes.pack(values | {":revision": revision})
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
    rows = client.read_all(
        "query",
        TableName=settings.current().derived_table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :entries)",
        ExpressionAttributeValues=attributes.pack({":pk": keys.tally_pk(slug), ":entries": "L#"}),
        ConsistentRead=True,
    )
    for row in rows:
        yield keys.parse_ledger_sk(row["sk"]["S"]), entry_from(row)


def overwrite(slug: str, seen: Tally, tally: Tally, score: int) -> bool:
    """
    Put a tally's numbers right, unless it has changed meanwhile.

    Returns:
        Whether it was written.

    Raises:
        UnavailableError: It may have been written.
    """
    try:
        client.write(_tally_update(slug, seen, tally, score, _REVISIONS))
    except ConditionFailedError:
        return False
    return True


def read_standing(slug: str) -> Standing:
    """
    Read a tally's whole row, as it is now.

    Raises:
        UnavailableError: The table could not be read.
    """
    row = client.get(settings.current().derived_table, keys.tally(slug), consistent=True) or {}
    plain = attributes.unpack(row)
    return Standing(
        tally=items.tally_from(row),
        rank=plain.get("rank"),
        article_revision=plain.get("article_revision", 0),
        placement={name: plain[name] for name in _PLACED if name in plain},
    )


def entry_from(row: attributes.Item | None) -> Entry:
    """Read a ledger row; an absent one has contributed nothing."""
    plain = attributes.unpack(row or {})
    outcomes = items.outcomes_from(plain.get("outcomes"))
    return Entry(plain.get("revision", 0), plain.get("contribution", 0), outcomes)


def _entry_update(slug: str, change: EntryChange) -> Action:
    new, seen = change.new, change.seen
    row: attributes.Plain = {
        "revision": new.revision,
        "contribution": new.contribution,
        "outcomes": items.pack_outcomes(new.outcomes),
        "expires_at": _end(change.digest) if not new.counts else None,
    }
    condition = "attribute_not_exists(pk)"
    values = {f":{name}": value for name, value in row.items()}
    if seen != Entry():
        condition = "revision = :seen_revision AND contribution = :seen_contribution AND "
        condition += "outcomes = :seen" if seen.outcomes else "attribute_not_exists(outcomes)"
        values[":seen_revision"] = seen.revision
        values[":seen_contribution"] = seen.contribution
        values[":seen"] = items.pack_outcomes(seen.outcomes)
    return {
        "Update": {
            "TableName": settings.current().derived_table,
            "Key": keys.ledger(slug, change.digest),
            "UpdateExpression": _assignment(row),
            "ConditionExpression": condition,
            "ExpressionAttributeValues": attributes.pack(values),
        }
    }


def _end(digest: bytes) -> int | None:
    """Say when an entry that counts nothing may be forgotten, in epoch seconds; None for never."""
    return int((now() + _LATEST).timestamp()) if keys.is_passing(digest) else None


def _assignment(row: attributes.Plain) -> str:
    kept = [f"{name} = :{name}" for name, value in row.items() if value is not None]
    dropped = [name for name, value in row.items() if value is None]
    return f"SET {', '.join(kept)}" + (f" REMOVE {', '.join(dropped)}" if dropped else "")


def _tally_update(
    slug: str, seen: Tally, after: Tally, score: int, guarded: Sequence[str]
) -> Action:
    """
    Add what two tallies differ by.

    Args:
        guarded: Revisions that must be as they were seen. The score needs the numbers that the
            additions lead to, so `revision` is among them where it changes.
    """
    before, wanted = _numbers(seen), _numbers(after)
    added = {name: wanted[name] - before[name] for name in wanted if wanted[name] != before[name]}
    sets: attributes.Plain = {}
    if "counts_revision" in added:
        sets |= {"counts_as_of": rfc3339(after.counts_as_of or now())}
    if "revision" in guarded:
        sets |= {"as_of": rfc3339(after.as_of or now()), "rank": keys.rank(score, slug)}
    values: attributes.Plain = {f":{name}": value for name, value in (added | sets).items()}
    values |= {f":seen_{name}": before[name] or None for name in guarded}
    update: dict[str, Any] = {
        "TableName": settings.current().derived_table,
        "Key": keys.tally(slug),
        "UpdateExpression": "ADD "
        + ", ".join(f"#{name} :{name}" for name in added)
        + (" SET " if sets else "")
        + ", ".join(f"#{name} = :{name}" for name in sets),
        "ExpressionAttributeNames": {f"#{name}": name for name in [*added, *sets, *guarded]},
        "ExpressionAttributeValues": attributes.pack(values),
    }
    if guarded:
        update["ConditionExpression"] = " AND ".join(
            f"#{name} = :seen_{name}" if before[name] else f"attribute_not_exists(#{name})"
            for name in guarded
        )
    return {"Update": update}


def _numbers(tally: Tally) -> dict[str, int]:
    """Give the numbers of a tally's row by their names."""
    numbers = {
        "count": tally.count,
        "total": tally.total,
        "revision": tally.revision,
        "counts_revision": tally.counts_revision,
        "moves": tally.moves,
    }
    for name, by_star in (("stars", tally.stars), *((one, tally.of(one)) for one in HIDDEN)):
        numbers |= {f"{name}_{stars}": n for stars, n in zip(STARS, by_star, strict=True)}
    return numbers

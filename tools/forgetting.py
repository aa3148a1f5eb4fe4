"""
What derived remembers of rows that content no longer has, forgotten.

    entries_of_none     Query of ledger, Query of reviews, consistent  1 per MB each
    forget_entry        DeleteItem                                     1
    forget_tally        DeleteItem                                     1
    forget_related      BatchGetItem, DeleteItem                       2

For `tools.rebuild` alone. No code of ours deletes a review or an article, and
what forgets itself takes its count along; but a restore sets content back to before
they were. What is kept of them is empty and counts nothing, yet it names a
revision: who reviews anew begins at 1 and would be taken for late.
"""

from collections.abc import Sequence
from typing import Any

from chalicelib import settings
from chalicelib.store import attributes, client, keys, related, review_lists, tallies
from chalicelib.store.client import ConditionFailedError
from chalicelib.store.keys import Key
from chalicelib.store.tallies import Standing


def entries_of_none(slug: str) -> dict[bytes, int]:
    """
    Give the empty ledger entries of reviews that content does not have.

    Returns:
        Revisions by the reviews' digests.

    Raises:
        UnavailableError: The tables could not be read.
    """
    # The ledger first: an entry that is there then has its review, if there is one.
    empty = {
        digest: entry.revision
        for digest, entry in tallies.every_entry(slug)
        # What belongs to a review that vanished by itself forgets itself too.
        if not entry.counts and not keys.is_passing(digest)
    }
    present = {row["sk"]["S"] for row in review_lists.every_review(slug)} if empty else set()
    return {
        digest: revision
        for digest, revision in empty.items()
        if not {f"R#{keys.encode_digest(digest)}", f"P#{keys.encode_digest(digest)}"} & present
    }


def forget_entry(slug: str, digest: bytes, revision: int) -> None:
    """
    Delete an empty ledger entry, unless it has changed.

    Raises:
        UnavailableError: It may have been deleted.
    """
    _delete(keys.ledger(slug, digest), {"revision": revision, "contribution": 0}, ("outcomes",))


def forget_tally(slug: str, seen: Standing) -> None:
    """
    Delete the row of an empty tally, unless it has changed.

    Raises:
        UnavailableError: It may have been deleted.
    """
    revisions = {
        "revision": seen.tally.revision,
        "counts_revision": seen.tally.counts_revision,
        "moves": seen.tally.moves,
        "article_revision": seen.article_revision,
    }
    _delete(keys.tally(slug), revisions)


def forget_related(slug: str) -> None:
    """
    Delete the row that says which articles are related to one, unless it changes meanwhile.

    Raises:
        UnavailableError: It may have been deleted.
    """
    _delete(keys.related(slug), {"revision": related.read([slug])[slug].revision})


def _delete(key: Key, seen: dict[str, int], absent: Sequence[str] = ()) -> None:
    """Delete a row if these attributes are as they were seen; an absent one counts as 0."""
    tests = [
        f"{name} = :{name}" if value else f"(attribute_not_exists({name}) OR {name} = :{name})"
        for name, value in seen.items()
    ]
    tests += [f"attribute_not_exists({name})" for name in absent]
    request: dict[str, Any] = {
        "TableName": settings.current().derived_table,
        "Key": key,
        "ConditionExpression": " AND ".join(tests),
        "ExpressionAttributeValues": attributes.pack(
            {f":{name}": value for name, value in seen.items()}
        ),
    }
    try:
        client.write({"Delete": request})
    except ConditionFailedError:
        return

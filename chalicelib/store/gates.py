"""
Gates: the small row beside an article that says whether readers may come in.

    find                 GetItem, consistent                           1 round trip
    check                part of the transaction of a submission       2 write units
    item                 part of an article's transaction              2 write units

A gate is there while its article is public, and stays when that is retracted, to say why.
"""

from datetime import datetime
from typing import NoReturn

from chalicelib import settings
from chalicelib.errors import (
    ArticleNotFoundError,
    ArticleRetractedError,
    ReviewsFrozenError,
)
from chalicelib.model import Article, Gate, rfc3339
from chalicelib.store import attributes, client, items, keys
from chalicelib.store.attributes import Item
from chalicelib.store.client import Action


def find(slug: str) -> Gate:
    """
    Read a gate as it is now.

    Raises:
        UnavailableError: The table could not be read.
    """
    return items.gate_from(
        client.get(settings.current().content_table, keys.gate(slug), consistent=True)
    )


def item(article: Article) -> Item | None:
    """Write the gate that an article has; None for one that has none."""
    if not article.is_public and article.retraction is None:
        return None
    return items.gate_item(
        article.home, Gate(article.is_public, article.frozen_at, article.retraction)
    )


def check(slug: str, at: datetime) -> Action:
    """Make the check that an article takes a review; it fails as `expect_open` does."""
    is_public = "attribute_exists(pk) AND attribute_not_exists(retraction)"
    takes_more = "(attribute_not_exists(frozen_at) OR frozen_at > :at)"
    return {
        "ConditionCheck": {
            "TableName": settings.current().content_table,
            "Key": keys.gate(slug),
            "ConditionExpression": f"{is_public} AND {takes_more}",
            "ExpressionAttributeValues": attributes.pack({":at": rfc3339(at)}),
        }
    }


def expect_public(gate: Gate) -> None:
    """
    See that anyone may read an article.

    Raises:
        ArticleNotFoundError: It is missing or was never public.
        ArticleRetractedError: It was, and has been taken back.
    """
    if gate.is_public:
        return
    if gate.retraction is not None:
        raise ArticleRetractedError(gate.retraction.reason)
    raise ArticleNotFoundError


def expect_open(gate: Gate, at: datetime) -> None:
    """
    See that an article takes a review.

    Raises:
        ArticleNotFoundError: As `expect_public`.
        ArticleRetractedError: As `expect_public`.
        ReviewsFrozenError: It takes no more.
    """
    expect_public(gate)
    if gate.frozen_at is not None and gate.frozen_at <= at:
        raise ReviewsFrozenError


def refuse(row: Item | None) -> NoReturn:
    """
    Say why `check` failed, by the row that it failed on.

    Raises:
        ArticleNotFoundError: As `expect_public`.
        ArticleRetractedError: As `expect_public`.
        ReviewsFrozenError: It takes no more.
    """
    expect_public(items.gate_from(row))
    raise ReviewsFrozenError

"""
The listing rows of articles, made again from the articles themselves.

    every_slug          Scan of content, consistent                    1 per MB
    every_listed        Scan of derived                                1 per MB
    every_tallied       Scan of derived                                1 per MB
    missing             BatchGetItem                                   1
    relist              TransactWriteItems: article checked, listings  1
    unlist              TransactWriteItems: article checked, listing   1

For `tools.rebuild` alone, with an operator's rights: no Lambda may scan. What
is written is written only while the article is as it was read; whoever changes
it writes its rows itself.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from chalicelib import settings
from chalicelib.model import Article
from chalicelib.store import client, keys, listings
from chalicelib.store.attributes import Item, pack
from chalicelib.store.client import Action, ConditionFailedError


class Listed(NamedTuple):
    """A row of a list: its key, and the article that it shows; empty when it does not say."""

    pk: str
    sk: str
    slug: str


def every_slug() -> Iterator[str]:
    """
    Give the slugs of all articles of content, of any status.

    Yields:
        Slugs; an empty one for a row whose key cannot be read.

    Raises:
        UnavailableError: The table could not be read.
    """
    for row in _scanned(settings.current().content_table, "sk = :value", "ARTICLE", "pk"):
        try:
            yield keys.parse_article_pk(row["pk"]["S"])
        except ValueError:
            yield ""


def every_tallied() -> Iterator[str]:
    """
    Give the slugs of all articles that have a tally, whether they are in content or not.

    Raises:
        UnavailableError: The table could not be read.
    """
    for row in _scanned(settings.current().derived_table, "sk = :value", keys.TALLY, "pk"):
        yield keys.parse_tally_pk(row["pk"]["S"])


def every_listed() -> Iterator[Listed]:
    """
    Give the rows of all lists.

    Raises:
        UnavailableError: The table could not be read.
    """
    table, filter_ = settings.current().derived_table, "begins_with(pk, :value)"
    for row in _scanned(table, filter_, keys.LISTS, "pk, sk"):
        yield Listed(row["pk"]["S"], row["sk"]["S"], keys.parse_listing_sk(row["sk"]["S"]))


def missing(article: Article) -> list[Item]:
    """
    Give the listing rows of an article that are absent or say something else.

    Raises:
        UnavailableError: The table could not be read.
    """
    table = settings.current().derived_table
    wanted = listings.rows_of(article.summary)
    asked = [keys.key(row["pk"]["S"], row["sk"]["S"]) for row in wanted]
    present = client.batch_get({table: asked}, consistent=True)[table]
    return [row for row in wanted if row not in present]


def relist(article: Article, rows: list[Item]) -> bool:
    """
    Write listing rows of an article.

    Args:
        rows: As `missing` gave them for this very article.

    Returns:
        False if the article has changed since; nothing is written then.

    Raises:
        UnavailableError: They may have been written.
    """
    table = settings.current().derived_table
    puts: list[Action] = [{"Put": {"TableName": table, "Item": row}} for row in rows]
    return _write_if_unchanged(article.home, article, puts)


def unlist(row: Listed, article: Article | None) -> bool:
    """
    Take a row out of a list that its article does not stand in.

    Args:
        article: As it was read; None if there is none.

    Returns:
        As `relist`.

    Raises:
        UnavailableError: It may have been taken out.
    """
    key = keys.key(row.pk, row.sk)
    delete: Action = {"Delete": {"TableName": settings.current().derived_table, "Key": key}}
    return _write_if_unchanged(row.slug, article, [delete])


def _scanned(table: str, filter_: str, value: str, attributes: str) -> Iterator[Item]:
    """Scan a table for rows whose key has a value, named `:value` in the filter."""
    return client.read_all(
        "scan",
        TableName=table,
        FilterExpression=filter_,
        ExpressionAttributeValues=pack({":value": value}),
        ProjectionExpression=attributes,
        ConsistentRead=True,
    )


def _write_if_unchanged(slug: str, article: Article | None, actions: list[Action]) -> bool:
    check: dict[str, Any] = {
        "TableName": settings.current().content_table,
        "Key": keys.article(slug),
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    if article is not None:
        check["ConditionExpression"] = "revision = :revision"
        check["ExpressionAttributeValues"] = pack({":revision": article.revision})
    try:
        client.write({"ConditionCheck": check}, *actions)
    except ConditionFailedError:
        return False
    return True

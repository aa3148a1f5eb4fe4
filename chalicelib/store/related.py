"""
Which articles are related to one, as its page shows them.

    read                 BatchGetItem, consistent                1 round trip per 100 rows
    replace              UpdateItem                              1 write unit per KB
    clear                UpdateItem                              1 write unit

Only the workers write here, and only what they have computed from lists that they read after the
row: a `revision` that is still the one that was seen says that nobody knew better meanwhile. An
article that is not public any more may have left the place in the lists where it would be looked
for; its row is cleared by the `article_revision` that hid it.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from chalicelib import settings
from chalicelib.model import Summary, Teaser
from chalicelib.store import attributes, client, items, keys
from chalicelib.store.attributes import Plain
from chalicelib.store.client import ConditionFailedError
from chalicelib.store.items import MalformedItemError


class Kept(NamedTuple):
    """
    A row as it was seen.

    Attributes:
        revision: Raised by every write; 0 of a row that is not there.
        articles: Best first; None if they cannot be read.
        article_revision: Of the article whose page shows them, when they were written.
    """

    revision: int = 0
    articles: tuple[Teaser, ...] | None = ()
    article_revision: int = 0


def read(slugs: Iterable[str]) -> dict[str, Kept]:
    """
    Read what is related to some articles, as it is now.

    Args:
        slugs: Different ones.

    Raises:
        UnavailableError: The table could not be read.
    """
    table = settings.current().derived_table
    asked = list(slugs)
    rows = client.batch_get({table: [keys.related(slug) for slug in asked]}, consistent=True)
    found = {keys.parse_tally_pk(row["pk"]["S"]): _kept(row) for row in rows[table]}
    return {slug: found.get(slug, Kept()) for slug in asked}


def replace(article: Summary, seen: int, articles: Iterable[Teaser]) -> bool:
    """
    Write what is related to an article, unless somebody else has meanwhile.

    Args:
        article: As it is in the lists.
        seen: Revision of the row that was read before `articles` were computed.

    Returns:
        Whether it was written.

    Raises:
        UnavailableError: It may have been written.
    """
    values = {":seen": seen} if seen else {}
    condition = "revision = :seen" if seen else "attribute_not_exists(pk)"
    return _write(article.home, article.revision, list(articles), condition, values)


def clear(slug: str, revision: int) -> bool:
    """
    Forget what is related to an article that is not public any more, and raise the row's revision.

    Args:
        revision: The article's; an older one changes nothing.

    Returns:
        Whether anything was written.

    Raises:
        UnavailableError: It may have been written.
    """
    condition = "attribute_not_exists(article_revision) OR article_revision < :article_revision"
    return _write(slug, revision, [], condition, {})


def _write(
    slug: str, article_revision: int, articles: list[Teaser], condition: str, values: Plain
) -> bool:
    update: dict[str, Any] = {
        "TableName": settings.current().derived_table,
        "Key": keys.related(slug),
        "UpdateExpression": "SET article_revision = :article_revision, articles = :articles"
        " ADD revision :one",
        "ConditionExpression": condition,
        "ExpressionAttributeValues": attributes.pack(
            {
                ":article_revision": article_revision,
                ":articles": [items.pack_teaser(one) for one in articles],
                ":one": 1,
                **values,
            }
        ),
    }
    try:
        client.write({"Update": update})
    except ConditionFailedError:
        return False
    return True


def _kept(row: attributes.Item) -> Kept:
    plain = attributes.unpack(row)
    revision, of_article = plain.get("revision", 0), plain.get("article_revision", 0)
    try:
        return Kept(revision, items.related_from(row), of_article)
    except MalformedItemError:
        return Kept(revision, None, of_article)

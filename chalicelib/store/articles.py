"""
Articles, each with its gate and its places in the lists.

    get, find           GetItem, consistent                            1 round trip
    get_public          BatchGetItem: article and tally                1
    get_public_tally    BatchGetItem: gate and tally                   1
    probe               BatchGetItem                                   1
    find_tally          GetItem                                        1
    create, replace     TransactWriteItems: article, gate, listings    1

An article, its gate and its listing rows are written in one transaction, so
that no list shows what is not public.
"""

from typing import Any

from chalicelib import settings
from chalicelib.errors import ArticleNotFoundError
from chalicelib.model import Article, Tally
from chalicelib.store import attributes, client, items, keys, listings
from chalicelib.store.client import Action, ConditionFailedError


def get(slug: str) -> Article:
    """
    Read an article of any status, as it is now.

    Raises:
        ArticleNotFoundError: There is none.
        UnavailableError: The table could not be read.
    """
    article = find(slug)
    if article is None:
        raise ArticleNotFoundError
    return article


def find(slug: str) -> Article | None:
    """
    Read an article of any status, as it is now.

    Raises:
        UnavailableError: The table could not be read.
    """
    row = client.get(settings.current().content_table, keys.article(slug), consistent=True)
    return items.article_from(row) if row else None


def get_public(slug: str) -> tuple[Article, Tally]:
    """
    Read a published article and its tally in one round trip.

    Raises:
        ArticleNotFoundError: It is missing, a draft or retracted.
        UnavailableError: The tables could not be read.
    """
    tables = settings.current()
    rows = client.batch_get(
        {
            tables.content_table: [keys.article(slug)],
            tables.derived_table: [keys.tally(slug)],
        }
    )
    found, tallied = rows[tables.content_table], rows[tables.derived_table]
    article = items.article_from(found[0]) if found else None
    if article is None or not article.is_public:
        raise ArticleNotFoundError
    return article, items.tally_from(tallied[0] if tallied else None)


def get_public_tally(slug: str) -> Tally:
    """
    Read a published article's tally; its gate, a small row, stands for the article.

    Raises:
        ArticleNotFoundError: The article is missing, a draft or retracted.
        UnavailableError: The tables could not be read.
    """
    tables = settings.current()
    rows = client.batch_get(
        {
            tables.content_table: [keys.gate(slug)],
            tables.derived_table: [keys.tally(slug)],
        }
    )
    if not rows[tables.content_table]:
        raise ArticleNotFoundError
    tallied = rows[tables.derived_table]
    return items.tally_from(tallied[0] if tallied else None)


def probe() -> None:
    """
    Ask both tables for a row that no article has.

    Raises:
        UnavailableError: One of them does not answer.
    """
    tables = settings.current()
    client.batch_get(
        {tables.content_table: [keys.gate("-")], tables.derived_table: [keys.tally("-")]}
    )


def find_tally(slug: str) -> Tally:
    """
    Read an article's tally; an article without reviews has an empty one.

    Raises:
        UnavailableError: The table could not be read.
    """
    return items.tally_from(client.get(settings.current().derived_table, keys.tally(slug)))


def create(article: Article) -> Article | None:
    """
    Store an article whose slug must be free.

    Returns:
        None when it was stored; else the article that has the slug.

    Raises:
        UnavailableError: The write may have taken place.
    """
    return _write(article, None, "attribute_not_exists(pk)")


def replace(old: Article, new: Article) -> Article | None:
    """
    Store a changed article if nobody else changed it meanwhile.

    Returns:
        None when it was stored; else the article as it is now.

    Raises:
        UnavailableError: The write may have taken place.
    """
    return _write(new, old, "revision = :revision")


def _write(new: Article, old: Article | None, condition: str) -> Article | None:
    table = settings.current().content_table
    put: dict[str, Any] = {
        "TableName": table,
        "Item": items.article_item(new),
        "ConditionExpression": condition,
    }
    if old is not None:
        put["ExpressionAttributeValues"] = attributes.pack({":revision": old.revision})
    try:
        client.write({"Put": put}, *_gate_actions(new, old), *_listing_actions(new, old))
    except ConditionFailedError as failed:
        row = failed.found[0]
        if row is None:
            raise ArticleNotFoundError from None
        return items.article_from(row)
    return None


def _gate_actions(new: Article, old: Article | None) -> list[Action]:
    table = settings.current().content_table
    was_public = old is not None and old.is_public
    if new.is_public and not was_public:
        return [{"Put": {"TableName": table, "Item": items.gate_item(new.slug)}}]
    if was_public and not new.is_public:
        return [{"Delete": {"TableName": table, "Key": keys.gate(new.slug)}}]
    return []


def _listing_actions(new: Article, old: Article | None) -> list[Action]:
    table = settings.current().derived_table
    wanted = listings.places_of(new.summary)
    outdated = listings.places_of(old.summary) - wanted if old else set()
    puts: list[Action] = [
        {"Put": {"TableName": table, "Item": row}} for row in listings.rows_of(new.summary)
    ]
    deletes: list[Action] = [
        {"Delete": {"TableName": table, "Key": keys.key(*place)}} for place in sorted(outdated)
    ]
    return puts + deletes

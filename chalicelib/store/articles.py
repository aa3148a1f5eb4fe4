"""
Articles, each with its gate and its places in the lists.

    get, find           GetItem, consistent                            1 round trip
    get_public          BatchGetItem: article, tally, related          1
    get_public_tally    BatchGetItem: gate and tally                   1
    probe               BatchGetItem                                   1
    show                BatchGetItem: tally and related                1
    create, replace     TransactWriteItems: article, gate, listings    1

An article, its gate, its listing rows and the revision that it replaces are written in one
transaction, so that no list shows what is not public, and nothing that was is lost.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from chalicelib import settings
from chalicelib.errors import ArticleNotFoundError, SlugTakenError
from chalicelib.model import Article, Gate, Tally, Teaser
from chalicelib.store import aliases, attributes, client, gates, items, keys, listings, revisions
from chalicelib.store.client import Action, ConditionFailedError


class Shown(NamedTuple):
    """
    An article with what its page shows beside it.

    Attributes:
        related: Other articles, best first.
    """

    article: Article
    tally: Tally
    related: tuple[Teaser, ...] = ()


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


def get_public(slug: str) -> Shown:
    """
    Read a published article and what its page shows beside it in one round trip.

    Raises:
        ArticleNotFoundError: It is missing or not public.
        ArticleRetractedError: It has been taken back.
        UnavailableError: The tables could not be read.
    """
    tables = settings.current()
    rows = client.batch_get(
        {
            tables.content_table: [keys.article(slug)],
            tables.derived_table: [keys.tally(slug), keys.related(slug)],
        }
    )
    found = rows[tables.content_table]
    article = items.article_from(found[0]) if found else None
    if article is None:
        raise ArticleNotFoundError
    gates.expect_public(Gate(article.is_public, retraction=article.retraction))
    return _shown(article, rows[tables.derived_table])


def show(article: Article) -> Shown:
    """
    Give an article that was just written with what its page shows beside it.

    Raises:
        UnavailableError: The table could not be read.
    """
    table = settings.current().derived_table
    wanted = [keys.tally(article.home), keys.related(article.home)]
    return _shown(article, client.batch_get({table: wanted})[table])


def get_public_tally(slug: str) -> Tally:
    """
    Read a published article's tally; its gate, a small row, stands for the article.

    Raises:
        ArticleNotFoundError: The article is missing or not public.
        ArticleRetractedError: It has been taken back.
        UnavailableError: The tables could not be read.
    """
    tables = settings.current()
    rows = client.batch_get(
        {
            tables.content_table: [keys.gate(slug)],
            tables.derived_table: [keys.tally(slug)],
        }
    )
    gates.expect_public(items.gate_from(next(iter(rows[tables.content_table]), None)))
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


def create(article: Article, beside: Sequence[Action] = ()) -> Article | None:
    """
    Store an article whose slug must be free.

    Args:
        beside: Writes without a condition that take place with it or not at all.

    Returns:
        None when it was stored; else the article that has the slug.

    Raises:
        ArticleNotFoundError: An article of another slug was moved to this one.
        UnavailableError: The write may have taken place.
    """
    return _write(article, None, "attribute_not_exists(pk)", beside)


def replace(old: Article, new: Article, beside: Sequence[Action] = ()) -> Article | None:
    """
    Store a changed article if nobody else changed it meanwhile, and keep what it was.

    Args:
        beside: Writes without a condition that take place with it or not at all.

    Returns:
        None when it was stored; else the article as it is now.

    Raises:
        SlugTakenError: It was to be moved to a slug that another article has or had.
        UnavailableError: The write may have taken place.
    """
    return _write(new, old, "revision = :revision", beside)


def _shown(article: Article, beside: Sequence[attributes.Item]) -> Shown:
    rows = {row["sk"]["S"]: row for row in beside}
    tally = items.tally_from(rows.get(keys.TALLY))
    return Shown(article, tally, items.related_from(rows.get(keys.RELATED)))


def _write(
    new: Article, old: Article | None, condition: str, beside: Sequence[Action]
) -> Article | None:
    table = settings.current().content_table
    put: dict[str, Any] = {
        "TableName": table,
        "Item": items.article_item(new),
        "ConditionExpression": condition,
    }
    if old is not None:
        put["ExpressionAttributeValues"] = attributes.pack({":revision": old.revision})
    try:
        client.write(
            {"Put": put},
            *aliases.actions(new, old),
            *_gate_actions(new, old),
            *_listing_actions(new, old),
            *([revisions.keep(old)] if old else []),
            *beside,
        )
    except ConditionFailedError as failed:
        if 0 not in failed.found:
            # The slug is another's: a new article's is an alias, by which that one is found.
            raise (SlugTakenError if old else ArticleNotFoundError) from None
        row = failed.found[0]
        if row is None:
            raise ArticleNotFoundError from None
        return items.article_from(row)
    return None


def _gate_actions(new: Article, old: Article | None) -> list[Action]:
    table = settings.current().content_table
    before, after = old and gates.item(old), gates.item(new)
    if after == before:
        return []
    if after is None:
        return [{"Delete": {"TableName": table, "Key": keys.gate(new.home)}}]
    return [{"Put": {"TableName": table, "Item": after}}]


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

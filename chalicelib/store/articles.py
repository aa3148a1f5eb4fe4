"""
Articles and the lists that they stand in.

    get, find           GetItem, consistent                            1 round trip
    get_public          BatchGetItem: article and tally                1
    get_public_tally    BatchGetItem: gate and tally                   1
    list_newest         Query a listing, BatchGetItem tallies          2
    list_top            Query by_rank, BatchGetItem listing rows       2
    list_unlisted       Query a listing                                1
    every_slug          Query a listing                                1 per MB
    probe               BatchGetItem                                   1
    find_tally          GetItem                                        1
    create, replace     TransactWriteItems: article, gate, listings    1

An article, its gate and its listing rows are written in one transaction, so
that no list shows what is not public.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from chalicelib import settings
from chalicelib.errors import ArticleNotFoundError
from chalicelib.model import Article, ArticleStatus, Page, Summary, Tally, rfc3339
from chalicelib.store import client, items, keys
from chalicelib.store.client import Action, ConditionFailedError, Item


class Rated(NamedTuple):
    """An article's summary and its tally."""

    summary: Summary
    tally: Tally


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


def every_slug(listing: str) -> Iterator[str]:
    """
    Give the slugs of a whole list.

    Args:
        listing: `keys.EVERY_ARTICLE` or `keys.UNLISTED`.

    Raises:
        UnavailableError: The table could not be read.
    """
    rows = client.query_all(
        TableName=settings.current().derived_table,
        KeyConditionExpression="pk = :list",
        ExpressionAttributeValues=items.pack({":list": listing}),
        ProjectionExpression="slug",
    )
    for row in rows:
        yield row["slug"]["S"]


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


def list_newest(
    tag: str | None, author: str | None, position: str | None, limit: int
) -> Page[Rated]:
    """
    Read a page of published articles, newest first.

    Args:
        tag: Only articles with this tag.
        author: Only articles of this author; with a tag too, a filter over the
            tag's list, so that a page may be short and yet have a next one.
        position: That of the page before; None for the first.
        limit: Most articles, 1 to 100.

    Raises:
        UnavailableError: The table could not be read.
    """
    filters = {"author": author} if tag is not None and author is not None else {}
    condition, values = "pk = :list", {":list": keys.listing_pk(tag=tag, author=author)}
    if position is not None:
        condition += " AND sk < :position"
        values[":position"] = position
    rows, following = _filtered_page(condition, values, filters, limit, "sk")
    summaries = [items.summary_from(row) for row in rows]
    tallies = _tallies([summary.slug for summary in summaries])
    return Page(tuple(Rated(one, tallies.get(one.slug, Tally())) for one in summaries), following)


def list_top(tag: str | None, author: str | None, position: str | None, limit: int) -> Page[Rated]:
    """
    Read a page of published articles, best score first.

    The index holds the tallies themselves, with the tags and the author to
    filter by. A listing row that is gone says that the article was taken back
    after it was ranked.

    Args:
        tag: Only articles with this tag.
        author: Only articles of this author.
        position: That of the page before; None for the first.
        limit: Most articles, 1 to 100.

    Raises:
        UnavailableError: The table could not be read.
    """
    filters = {"tags": tag, "author": author}
    condition, values = "ranked_in = :top", {":top": keys.TOP}
    if position is not None:
        condition += " AND #rank < :position"
        values[":position"] = position
    rows, following = _filtered_page(condition, values, filters, limit, "rank", index="by_rank")
    tallies = {row["listing"]["S"]: items.tally_from(row) for row in rows}
    table = settings.current().derived_table
    wanted = [keys.key(keys.EVERY_ARTICLE, sk) for sk in tallies]
    listed = {row["sk"]["S"]: row for row in client.batch_get({table: wanted})[table]}
    rated = (
        Rated(items.summary_from(listed[sk]), tally)
        for sk, tally in tallies.items()
        if sk in listed
    )
    return Page(tuple(rated), following)


def list_unlisted(position: str | None, limit: int) -> Page[Summary]:
    """
    Read a page of the articles that are not public, latest change first.

    Raises:
        UnavailableError: The table could not be read.
    """
    condition, values = "pk = :list", {":list": keys.UNLISTED}
    if position is not None:
        condition += " AND sk < :position"
        values[":position"] = position
    rows, following = _filtered_page(condition, values, {}, limit, "sk")
    return Page(tuple(items.summary_from(row) for row in rows), following)


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
        put["ExpressionAttributeValues"] = items.pack({":revision": old.revision})
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
    wanted = _listings(new.summary)
    outdated = _listings(old.summary) - wanted if old else set()
    summary = items.pack(items.pack_summary(new.summary))
    puts: list[Action] = [
        {"Put": {"TableName": table, "Item": keys.key(*listing) | summary}}
        for listing in sorted(wanted)
    ]
    deletes: list[Action] = [
        {"Delete": {"TableName": table, "Key": keys.key(*listing)}} for listing in sorted(outdated)
    ]
    return puts + deletes


def _listings(summary: Summary) -> set[tuple[str, str]]:
    """Give the keys of the lists that an article stands in."""
    if summary.status is not ArticleStatus.PUBLISHED or summary.published_at is None:
        return {(keys.UNLISTED, f"{rfc3339(summary.updated_at)}#{summary.slug}")}
    lists = [keys.EVERY_ARTICLE, *(keys.listing_pk(tag=tag) for tag in summary.tags)]
    if summary.author is not None:
        lists.append(keys.listing_pk(author=summary.author))
    return {(pk, keys.listing_sk(summary.published_at, summary.slug)) for pk in lists}


def _tallies(slugs: list[str]) -> dict[str, Tally]:
    table = settings.current().derived_table
    rows = client.batch_get({table: [keys.tally(slug) for slug in slugs]})[table]
    return {keys.parse_tally_pk(row["pk"]["S"]): items.tally_from(row) for row in rows}


def _filtered_page(  # noqa: PLR0913, PLR0917
    condition: str,
    values: dict[str, str],
    filters: Mapping[str, str | None],
    limit: int,
    sort_key: str,
    index: str | None = None,
) -> tuple[list[Item], str | None]:
    """
    Query one page, highest sort key first.

    DynamoDB filters after it has counted `Limit`, so a filtered page goes
    without one: it reads up to 1 MB, some thousand summaries, in one request.
    """
    request: dict[str, Any] = {
        "TableName": settings.current().derived_table,
        "KeyConditionExpression": condition,
        "ScanIndexForward": False,
    }
    if index is not None:
        request["IndexName"] = index
    names = {"#rank": "rank"} if "#rank" in condition else {}
    wanted = {name: value for name, value in filters.items() if value is not None}
    if wanted:
        tests = {"tags": "contains(#tags, :tags)", "author": "#author = :author"}
        request["FilterExpression"] = " AND ".join(tests[name] for name in wanted)
        names |= {f"#{name}": name for name in wanted}
        values = values | {f":{name}": value for name, value in wanted.items()}
    else:
        request["Limit"] = limit + 1
    if names:
        request["ExpressionAttributeNames"] = names
    answer = client.call("query", **request, ExpressionAttributeValues=items.pack(values))
    rows = answer["Items"]
    stopped_at = answer.get("LastEvaluatedKey")
    return rows[:limit], client.next_position(rows, limit, stopped_at, sort_key)

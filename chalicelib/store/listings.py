"""
Lists of articles.

    list_newest         Query a listing, BatchGetItem tallies          2 round trips
    list_top            Query by_rank, BatchGetItem listing rows       2
    list_edited         Query a listing                                1
    list_due            Query a listing                                1
    find_listed         BatchGetItem, consistent                       1 per 100 rows
    latest_change       Query the listing of each status               4
    every_slug          Query a listing                                1 per MB

A page is continued from the sort key of its last row, which is unique in its
list; no client's text ever becomes a start key.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from chalicelib import logs, settings
from chalicelib.model import ArticleStatus, Page, Summary, Tally, rfc3339
from chalicelib.store import attributes, client, items, keys
from chalicelib.store.attributes import Item
from chalicelib.store.items import MalformedItemError


class Rated(NamedTuple):
    """An article's summary and its tally."""

    summary: Summary
    tally: Tally


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
    tallies = _tallies([summary.home for summary in summaries])
    return Page(tuple(Rated(one, tallies.get(one.home, Tally())) for one in summaries), following)


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
    # The index learns of a new tag or author from the stream, a little later.
    fitting = (
        one
        for one in rated
        if tag in {None, *one.summary.tags} and author in {None, one.summary.author}
    )
    return Page(tuple(fitting), following)


def list_edited(status: ArticleStatus | None, position: str | None, limit: int) -> Page[Summary]:
    """
    Read a page of the articles of a status, latest change first.

    Args:
        status: None for all that is not public.

    Raises:
        UnavailableError: The table could not be read.
    """
    pk = keys.UNLISTED if status is None else keys.status_pk(status)
    condition, values = "pk = :list", {":list": pk}
    if position is not None:
        condition += " AND sk < :position"
        values[":position"] = position
    rows, following = _filtered_page(condition, values, {}, limit, "sk")
    return Page(tuple(items.summary_from(row) for row in rows), following)


def list_due(at: datetime, most: int) -> list[str]:
    """
    Give the slugs of scheduled articles whose time has come, the longest first.

    Raises:
        UnavailableError: The table could not be read.
    """
    answer = client.call(
        "query",
        TableName=settings.current().derived_table,
        KeyConditionExpression="pk = :due AND sk <= :until",
        ExpressionAttributeValues=attributes.pack(
            {":due": keys.DUE, ":until": keys.listing_sk(at, keys.ABOVE)}
        ),
        Limit=most,
    )
    return [keys.parse_listing_sk(row["sk"]["S"]) for row in answer["Items"]]


def find_listed(articles: Iterable[Summary]) -> dict[str, Summary]:
    """
    Give the articles that stand in the lists where they stood, as they are now.

    Args:
        articles: Different ones, as they were seen before.

    Returns:
        By their first slugs. One is missing that was published, hidden or dated anew since.

    Raises:
        UnavailableError: The table could not be read.
    """
    table = settings.current().derived_table
    wanted = [keys.key(*main_place(one)) for one in articles]
    rows = client.batch_get({table: wanted}, consistent=True)[table]
    return {one.home: one for one in readable(rows)}


def latest_change() -> datetime | None:
    """
    Tell when an article, of any status, was changed last; None while there is none.

    Raises:
        UnavailableError: The table could not be read.
    """
    latest = (list_edited(status, None, 1).items for status in ArticleStatus)
    return max((one.updated_at for page in latest for one in page), default=None)


def every_slug(listing: str) -> Iterator[str]:
    """
    Give the slugs of a whole list.

    Args:
        listing: `keys.EVERY_ARTICLE` or `keys.UNLISTED`.

    Raises:
        UnavailableError: The table could not be read.
    """
    rows = client.read_all(
        "query",
        TableName=settings.current().derived_table,
        KeyConditionExpression="pk = :list",
        ExpressionAttributeValues=attributes.pack({":list": listing}),
        ProjectionExpression="sk",
    )
    for row in rows:
        yield keys.parse_listing_sk(row["sk"]["S"])


def readable(rows: Iterable[Item]) -> Iterator[Summary]:
    """
    Read rows of lists but those that cannot be read.

    One of those must not hold up what happens near it; `tools.rebuild` writes it anew.
    """
    for row in rows:
        try:
            yield items.summary_from(row)
        except MalformedItemError as error:
            logs.failure("listing unreadable", error)


def main_place(summary: Summary) -> tuple[str, str]:
    """Give the key of an article's row in the list of all that are public, or of all others."""
    if summary.is_public and summary.published_at is not None:
        return keys.EVERY_ARTICLE, keys.listing_sk(summary.published_at, summary.home)
    return keys.UNLISTED, _changed_sk(summary)


def places_of(summary: Summary) -> set[tuple[str, str]]:
    """Give the keys of the rows that an article has in the lists."""
    main, position = main_place(summary)
    lists = [main]
    if main == keys.EVERY_ARTICLE:
        lists += [keys.listing_pk(tag=tag) for tag in summary.tags]
        if summary.author is not None:
            lists.append(keys.listing_pk(author=summary.author))
    places = {(pk, position) for pk in lists}
    if summary.status is ArticleStatus.SCHEDULED and summary.published_at is not None:
        places.add((keys.DUE, keys.listing_sk(summary.published_at, summary.home)))
    return places | {(keys.status_pk(summary.status), _changed_sk(summary))}


def rows_of(summary: Summary) -> list[Item]:
    """Give the rows that an article has in the lists."""
    shown = attributes.pack(items.pack_summary(summary))
    return [keys.key(*place) | shown for place in sorted(places_of(summary))]


def _changed_sk(summary: Summary) -> str:
    return f"{rfc3339(summary.updated_at)}#{summary.home}"


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
    answer = client.call("query", **request, ExpressionAttributeValues=attributes.pack(values))
    rows = answer["Items"]
    stopped_at = answer.get("LastEvaluatedKey")
    return rows[:limit], client.next_position(rows, limit, stopped_at, sort_key)

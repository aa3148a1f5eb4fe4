"""
Lists of articles.

    list_newest         Query a listing, BatchGetItem tallies          2 round trips
    list_top            Query by_rank, BatchGetItem listing rows       2
    list_edited         Query a listing                                1
    list_due            Query a listing                                1
    find_listed         BatchGetItem, consistent                       1 per 100 rows
    latest_change       Query the listing of each status               4
    every_slug          Query a listing                                1 per MB
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from chalicelib import logs, settings
from chalicelib.model import ArticleStatus, Page, Summary, Tally, rfc3339
from chalicelib.store import attributes, client, items, keys, paging
from chalicelib.store.attributes import Item
from chalicelib.store.items import MalformedItemError
from chalicelib.store.paging import Narrowing, Partition


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
    listing = _listed(keys.listing_pk(tag=tag, author=author))
    rows, following = paging.page(listing, position, limit, _narrowed(filters))
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
    table = settings.current().derived_table
    ranks = Partition(table, ("ranked_in", keys.TOP), "rank", "by_rank")
    filters = {"tags": tag, "author": author}
    rows, following = paging.page(ranks, position, limit, _narrowed(filters))
    tallies = {row["listing"]["S"]: items.tally_from(row) for row in rows}
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
    rows, following = paging.page(_listed(pk), position, limit)
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


def _listed(listing: str) -> Partition:
    return Partition(settings.current().derived_table, ("pk", listing), "sk")


def _narrowed(filters: Mapping[str, str | None]) -> Narrowing:
    """Say which articles a page shows. It reads up to 1 MB, some thousand summaries, for them."""
    tests = {"tags": "contains(#tags, :tags)", "author": "#author = :author"}
    wanted = {name: value for name, value in filters.items() if value is not None}
    return Narrowing(
        [tests[name] for name in wanted],
        {f"#{name}": name for name in wanted},
        {f":{name}": value for name, value in wanted.items()},
    )

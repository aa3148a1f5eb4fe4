"""
Lists of reviews.

    list_public              Query by_article, by_rating, by_helpful  1 round trip
                             (2 before a 404)
    list_queue               Query queue                              1
    list_expired             Query queue                              1 per MB, up to 10
    list_of_reader           Query by_reader; BatchGetItem            2 (1 for an empty page)
    is_any_of                Query by_reader                          1
    current_of               BatchGetItem                             1, or none
    every_review             Query the article's partition            1 per MB
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from chalicelib import settings
from chalicelib.model import CLOSED, Held, Page, PublicReview, Review, rfc3339
from chalicelib.store import attributes, client, gates, items, keys, paging
from chalicelib.store.attributes import Item
from chalicelib.store.paging import Narrowing, Partition

MOST_LOOKED_AT: Final = 200
"""Rows of a queue that one page with a filter looks at, in no more than 1 MB."""
_MARKERS: Final = 2
"""Rows of an article in the public indexes that are no reviews."""
_MOST_PAGES: Final = 10
"""Megabytes of an index that one look for what has expired reads."""


class Order(NamedTuple):
    """An order of an article's public reviews: an index and a direction."""

    by: str
    sort_key: str
    forward: bool


class Filter(NamedTuple):
    """
    What an editor looks for in a queue; None for any.

    Attributes:
        article: A slug.
        reason: Why it is held or taken for spam, or was reported.
        stars: 1 to 5.
    """

    article: str | None = None
    reason: str | None = None
    stars: int | None = None


EVERYTHING: Final = Filter()

ORDERS: Final = {
    "newest": Order("by_article", "id", forward=False),
    "oldest": Order("by_article", "id", forward=True),
    "highest": Order("by_rating", "rating_order", forward=False),
    "lowest": Order("by_rating", "rating_order", forward=True),
    "helpful": Order("by_helpful", "helpful_order", forward=False),
}


def list_public(slug: str, order: str, position: str | None, limit: int) -> Page[PublicReview]:
    """
    Read a page of a public article's published reviews.

    The article and its gate stand at the ends of the index, so the first page
    says by its first row whether the article is public.

    Args:
        order: A key of `ORDERS`.
        position: That of the page before; None for the first.
        limit: Most reviews, 1 to 100.

    Raises:
        ArticleNotFoundError: On the first page: it is missing or not public.
        ArticleRetractedError: On the first page: it has been taken back.
        UnavailableError: The index could not be read.
    """
    chosen = ORDERS[order]
    table, article = settings.current().content_table, ("listed_in", keys.article_pk(slug))
    partition = Partition(table, article, chosen.sort_key, chosen.by, is_ascending=chosen.forward)
    rows, stopped_at = paging.query(partition, position, limit + _MARKERS)
    if position is None and not (rows and _is_marker(rows[0])):
        _expect_public(slug)
    reviews = [row for row in rows if not _is_marker(row)]
    page = tuple(items.public_review_from(row) for row in reviews[:limit])
    if rows and _is_marker(rows[-1]):
        stopped_at = None
    return Page(page, paging.following(reviews, limit, stopped_at, chosen.sort_key))


def list_queue(
    queue: str, position: str | None, limit: int, chosen: Filter = EVERYTHING
) -> Page[Review]:
    """
    Read a page of the reviews and proposals that editors look through, oldest first.

    With a filter it looks at up to `MOST_LOOKED_AT` of them, so that a page may be short, or
    empty, though others follow.

    Args:
        queue: One of `keys.QUEUES`.

    Raises:
        UnavailableError: The index could not be read.
    """
    table = settings.current().content_table
    partition = Partition(table, ("queue", queue), "id", "queue", is_ascending=True)
    rows, following = paging.page(partition, position, limit, _narrowed(chosen))
    return Page(tuple(items.review_from(row) for row in rows), following)


def list_expired(queue: str, until: datetime, at: datetime, most: int) -> list[Item]:
    """
    Find what has stood in a queue unchanged since a time, the oldest submissions first.

    What DynamoDB is about to delete by its `expires_at` is left to it. What was changed since
    hides nothing behind it, unless it fills ten megabytes; then the rest is found once it has
    left, or has come of age itself.

    Args:
        queue: One of `keys.QUEUES`.
        until: Of the last change.
        at: The time now.

    Returns:
        Up to `most` rows, unread: a malformed one must not hide the others.

    Raises:
        UnavailableError: The index could not be read.
    """
    parameters = {
        "TableName": settings.current().content_table,
        "IndexName": "queue",
        # Nothing changes before it is submitted, so the key leaves out what is too young.
        "KeyConditionExpression": "#queue = :queue AND id < :submitted",
        "FilterExpression": "changed_at <= :until"
        " AND (attribute_not_exists(expires_at) OR expires_at > :now)",
        "ExpressionAttributeNames": {"#queue": "queue"},
        "ExpressionAttributeValues": attributes.pack(
            {
                ":queue": queue,
                ":submitted": keys.first_id(until + timedelta(seconds=1)),
                ":until": rfc3339(until),
                ":now": int(at.timestamp()),
            }
        ),
    }
    found: list[Item] = []
    for _ in range(_MOST_PAGES):
        answer = client.call("query", **parameters)
        found += answer["Items"]
        if len(found) >= most or "LastEvaluatedKey" not in answer:
            break
        parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    return found[:most]


def list_of_reader(reader: str, position: str | None, limit: int) -> Page[Held]:
    """
    Read a page of what is held of a reader: reviews and proposals of any status, newest first.

    The index says where they are, and follows by milliseconds; what they say is read
    from the table. What is not the reader's any more is left out.

    Args:
        reader: As `Review.reader`.

    Raises:
        UnavailableError: The tables could not be read.
    """
    table = settings.current().content_table
    partition = Partition(table, ("reader", reader), "id", "by_reader")
    found, following = paging.page(partition, position, limit)
    places = [{"pk": row["pk"], "sk": row["sk"]} for row in found]
    rows = client.batch_get({table: places}, consistent=True)[table]
    held = [items.held_from(row) for row in rows]
    theirs = [one for one in held if one.review.reader == reader]
    theirs.sort(key=lambda one: one.review.id, reverse=True)
    return Page(tuple(theirs), following)


def is_any_of(reader: str) -> bool:
    """
    Tell whether anything is held of a reader that they wrote, a moment ago perhaps not yet.

    Raises:
        UnavailableError: The index could not be read.
    """
    answer = client.call(
        "query",
        TableName=settings.current().content_table,
        IndexName="by_reader",
        KeyConditionExpression="reader = :reader",
        ExpressionAttributeValues=attributes.pack({":reader": reader}),
        Limit=1,
    )
    return bool(answer["Items"])


def current_of(proposals: Sequence[Review]) -> dict[str, Review]:
    """
    Read the reviews that proposals would change, as they are now.

    Returns:
        By their ids; without those that their readers ended.

    Raises:
        UnavailableError: The table could not be read.
    """
    wanted = {(one.slug, one.proposed_for.key) for one in proposals if one.proposed_for is not None}
    if not wanted:
        return {}
    table = settings.current().content_table
    rows = client.batch_get({table: [keys.review(slug, key) for slug, key in wanted]})[table]
    found = (items.review_from(row) for row in rows)
    return {one.id: one for one in found if one.status not in CLOSED}


def _narrowed(chosen: Filter) -> Narrowing:
    parts: list[str] = []
    named: dict[str, str] = {}
    compared: attributes.Plain = {}
    if chosen.article is not None:
        parts.append("pk = :article")
        compared[":article"] = keys.article_pk(chosen.article)
    if chosen.reason is not None:
        parts.append("(contains(reasons, :reason) OR attribute_exists(reports.#reason))")
        named["#reason"] = chosen.reason
        compared[":reason"] = chosen.reason
    if chosen.stars is not None:
        parts.append("rating = :stars")
        compared[":stars"] = chosen.stars
    return Narrowing(parts, named, compared, MOST_LOOKED_AT)


def every_review(slug: str) -> Iterator[Item]:
    """
    Read all reviews and proposals of an article, as they are now.

    Yields:
        Rows, unread: a malformed one must not hide the others.

    Raises:
        UnavailableError: The table could not be read.
    """
    yield from client.read_all(
        "query",
        TableName=settings.current().content_table,
        # Nothing sorts between them.
        KeyConditionExpression="pk = :pk AND sk BETWEEN :proposals AND :reviews",
        ExpressionAttributeValues=attributes.pack(
            {":pk": keys.article_pk(slug), ":proposals": "P#", ":reviews": "R#~"}
        ),
        ConsistentRead=True,
    )


def _is_marker(row: Item) -> bool:
    return row["sk"]["S"] in {"ARTICLE", "GATE"}


def _expect_public(slug: str) -> None:
    # The index follows the table by milliseconds: an article that was
    # published just now is in the table first.
    gates.expect_public(gates.find(slug))

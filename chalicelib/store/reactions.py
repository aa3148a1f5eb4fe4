"""
What readers of a review make of it, one row for each network.

    find_public         Query by_article                              1 round trip
    read                BatchGetItem of both tables, consistent       1
    vote, report        TransactWriteItems: Put, Update, and what     1, 1 more for each other
                        the outbox is to tell of it                   that came between
    list_reports        Query                                         1
    find_reports        Query, consistent                             1 per MB
    without             part of a transaction

A network is known by a hash that is bound to the review: no two rows tell that
they are of one. No reaction changes a review's revision, so that nobody can make
an editor's decision stale by voting, and the tally has nothing to do.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from chalicelib import settings
from chalicelib.errors import ReviewNotFoundError, UnavailableError
from chalicelib.model import Counter, EventKind, Report, Review, ReviewKey, ReviewStatus
from chalicelib.store import attributes, client, counters, items, keys, outbox
from chalicelib.store.attributes import Item, Plain
from chalicelib.store.client import Action, ConditionFailedError
from chalicelib.store.keys import Key

MOST_REPORTS: Final = 100
"""That are shown of a review."""
REPORT_LIFETIME: Final = timedelta(days=90)

_ATTEMPTS: Final = 6


class Known(NamedTuple):
    """
    What the tables say before a reaction.

    Attributes:
        has_reacted: Whether the row that was asked for is there and counts.
        counters: Those that were asked for, filled, in their order.
    """

    review: Review
    has_reacted: bool
    counters: tuple[Counter, ...]


def find_public(slug: str, review_id: str) -> ReviewKey | None:
    """
    Look up where a published review is; any other has no place in the index.

    Raises:
        UnavailableError: The index could not be read.
    """
    answer = client.call(
        "query",
        TableName=settings.current().content_table,
        IndexName="by_article",
        KeyConditionExpression="listed_in = :article AND id = :id",
        ExpressionAttributeValues=attributes.pack(
            {":article": keys.article_pk(slug), ":id": review_id}
        ),
    )
    found = [keys.parse_review_sk(row["sk"]["S"]) for row in answer["Items"]]
    return found[0] if found else None


def read(
    slug: str, handle: tuple[ReviewKey, str], reaction: Key, asked: Sequence[Counter], at: datetime
) -> Known:
    """
    Read what a reaction goes by.

    Args:
        handle: Key and id of the review.
        reaction: Key of the row that it would make.
        asked: Counters to fill.
        at: Now: rows that should have forgotten themselves by then do not count.

    Raises:
        ReviewNotFoundError: The review or its article is not public any more.
        UnavailableError: The tables could not be read.
    """
    known, (key, review_id) = settings.current(), handle
    derived = [row for counter in asked for row in counters.keys_of(counter)]
    content = [keys.gate(slug), keys.review(slug, key), reaction]
    wanted = {known.content_table: content} | ({known.derived_table: derived} if derived else {})
    rows = client.batch_get(wanted, consistent=True)
    by_key = {(row["pk"]["S"], row["sk"]["S"]): row for row in rows[known.content_table]}
    gate, review, own = (by_key.get((row["pk"]["S"], row["sk"]["S"])) for row in content)
    by_pk = {row["pk"]["S"]: row for row in rows.get(known.derived_table, [])}
    filled = tuple(counters.found(counter, by_pk) for counter in asked)
    if not items.gate_from(gate).is_public:
        raise ReviewNotFoundError
    return Known(_public(review, review_id), own is not None and _counts(own, at), filled)


def vote(review: Review, row: Key) -> int:
    """
    Count a network's vote, once for ever.

    Args:
        review: As it was read.
        row: Key of the network's vote on it.

    Returns:
        How many networks found the review helpful.

    Raises:
        ReviewNotFoundError: The review is not public any more.
        UnavailableError: The vote may be counted; a repetition is harmless.
    """
    put = _put(row, "attribute_not_exists(pk)")
    review, is_counted = _once(review, put, lambda seen: (_with_vote(seen),))
    return review.helpful + is_counted


def report(review: Review, row: Key, report: Report) -> None:
    """
    Put a public review before the editors; it stays public.

    Who is to be told is told of the first report after a decision, and of no other.

    Args:
        review: As it was read.
        row: Key of the network's report of it.

    Raises:
        ReviewNotFoundError: The review is not public any more.
        UnavailableError: The report may be stored; a repetition is harmless.
    """
    at = report.reported_at
    put = _put(
        items.report_item(row, report, int((at + REPORT_LIFETIME).timestamp())),
        "attribute_not_exists(pk) OR expires_at <= :now",
        {":now": int(at.timestamp())},
    )

    def changes(seen: Review) -> tuple[Action, ...]:
        event = outbox.of_review(EventKind.REVIEW_REPORTED, seen, at)
        told = () if seen.is_reported else outbox.actions(event)
        return _with_report(seen, report.reason), *told

    _once(review, put, changes)


def list_reports(review_id: str) -> tuple[Report, ...]:
    """
    Read up to `MOST_REPORTS` reports of a review, newest first.

    Raises:
        UnavailableError: The table could not be read.
    """
    answer = client.call("query", **_of_reports(review_id), Limit=MOST_REPORTS)
    reports = (items.report_from(row) for row in answer["Items"])
    return tuple(sorted(reports, key=lambda one: one.reported_at, reverse=True))


def find_reports(review_id: str) -> list[Key]:
    """
    Look up every report of a review, whatever its age.

    Raises:
        UnavailableError: The table could not be read.
    """
    rows = client.read_all(
        "query", **_of_reports(review_id), ProjectionExpression="pk, sk", ConsistentRead=True
    )
    return [{"pk": row["pk"], "sk": row["sk"]} for row in rows]


def without(reports: Sequence[Key]) -> list[Action]:
    """Make the writes that take reports away; they have no condition."""
    table = settings.current().content_table
    return [{"Delete": {"TableName": table, "Key": report}} for report in reports]


def _of_reports(review_id: str) -> dict[str, Any]:
    """Give what every query for the reports of a review says."""
    of = {":pk": keys.reactions_pk(review_id), ":reports": keys.REPORTS}
    return {
        "TableName": settings.current().content_table,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :reports)",
        "ExpressionAttributeValues": attributes.pack(of),
    }


def _once(
    review: Review, put: Action, changes: Callable[[Review], tuple[Action, ...]]
) -> tuple[Review, bool]:
    """
    Write a row if it is not there, and with it what it changes.

    Args:
        changes: Gives the writes for the review as it is; the first is that of its row.

    Returns:
        The review as it was before, and whether anything was written.
    """
    for _ in range(_ATTEMPTS):
        try:
            client.write(put, *changes(review))
        except ConditionFailedError as failed:
            if 1 in failed.found:
                review = _public(failed.found[1], review.id)
            if 0 in failed.found:
                return review, False
        else:
            return review, True
    raise UnavailableError


def _put(item: Item, condition: str, values: Plain | None = None) -> Action:
    put = {
        "TableName": settings.current().content_table,
        "Item": item,
        "ConditionExpression": condition,
    }
    return {"Put": put | ({"ExpressionAttributeValues": attributes.pack(values)} if values else {})}


def _with_vote(review: Review) -> Action:
    votes = review.helpful + 1
    return _update(
        review,
        "SET helpful = :votes, helpful_order = :order",
        "helpful = :seen",
        {
            ":seen": review.helpful,
            ":votes": votes,
            ":order": items.helpful_order(votes, review.id),
        },
    )


def _with_report(review: Review, reason: str) -> Action:
    more = review.reports._replace(**{reason: getattr(review.reports, reason) + 1})
    seen = items.pack_reports(review.reports)
    return _update(
        review,
        "SET reports = :more, #queue = :reported",
        "reports = :seen" if seen else "attribute_not_exists(reports)",
        {
            ":more": items.pack_reports(more),
            ":reported": keys.REPORTED,
            ":seen": seen,
        },
        {"#queue": "queue"},
    )


def _update(
    review: Review, changes: str, condition: str, values: Plain, names: dict[str, str] | None = None
) -> Action:
    """Write an update of a review that is still public and as it was seen."""
    public = {":id": review.id, ":published": str(ReviewStatus.PUBLISHED)}
    update: dict[str, Any] = {
        "TableName": settings.current().content_table,
        "Key": keys.review(review.slug, review.key),
        "UpdateExpression": changes,
        "ConditionExpression": f"id = :id AND #status = :published AND {condition}",
        "ExpressionAttributeNames": {"#status": "status", **(names or {})},
        "ExpressionAttributeValues": attributes.pack(public | values),
    }
    return {"Update": update}


def _public(row: Item | None, review_id: str) -> Review:
    review = items.review_from(row) if row else None
    if review is None or review.id != review_id or review.status is not ReviewStatus.PUBLISHED:
        raise ReviewNotFoundError
    return review


def _counts(row: Item, at: datetime) -> bool:
    """Tell whether a row is still in force: DynamoDB takes days to forget."""
    expires_at = attributes.unpack(row).get("expires_at")
    return expires_at is None or expires_at > int(at.timestamp())

"""
What readers of a review make of it, one row for each network.

    find_public         Query by_article                              1 round trip
    read                BatchGetItem of both tables, consistent       1
    vote                TransactWriteItems: Put, Update               1, 1 more for each vote
                                                                      that came between

A network is known by a hash that is bound to the review: no two rows tell that
they are of one. No reaction changes a review's revision, so that nobody can make
an editor's decision stale by voting, and the tally has nothing to do.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from chalicelib import settings
from chalicelib.errors import ReviewNotFoundError, UnavailableError
from chalicelib.model import Counter, Review, ReviewKey, ReviewStatus
from chalicelib.store import attributes, client, counters, items, keys
from chalicelib.store.client import Action, ConditionFailedError
from chalicelib.store.keys import Key

_ATTEMPTS: Final = 6


class Known(NamedTuple):
    """
    What the tables say before a reaction.

    Attributes:
        has_reacted: Whether the row that was asked for is there.
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
    slug: str, key: ReviewKey, review_id: str, reaction: Key, asked: Sequence[Counter]
) -> Known:
    """
    Read what a reaction goes by.

    Args:
        reaction: Key of the row that it would make.
        asked: Counters to fill.

    Raises:
        ReviewNotFoundError: The review or its article is not public any more.
        UnavailableError: The tables could not be read.
    """
    known = settings.current()
    derived = [row for counter in asked for row in counters.keys_of(counter)]
    content = [keys.gate(slug), keys.review(slug, key), reaction]
    wanted = {known.content_table: content} | ({known.derived_table: derived} if derived else {})
    rows = client.batch_get(wanted, consistent=True)
    by_key = {(row["pk"]["S"], row["sk"]["S"]): row for row in rows[known.content_table]}
    gate, review, own = (by_key.get((row["pk"]["S"], row["sk"]["S"])) for row in content)
    by_pk = {row["pk"]["S"]: row for row in rows.get(known.derived_table, [])}
    filled = tuple(counters.found(counter, by_pk) for counter in asked)
    if gate is None:
        raise ReviewNotFoundError
    return Known(_public(review, review_id), own is not None, filled)


def vote(review: Review, vote: Key) -> int:
    """
    Count a network's vote, once for ever.

    Args:
        review: As it was read.
        vote: Key of the network's vote on it.

    Returns:
        How many networks found the review helpful.

    Raises:
        ReviewNotFoundError: The review is not public any more.
        UnavailableError: The vote may be counted; a repetition is harmless.
    """
    for _ in range(_ATTEMPTS):
        votes = review.helpful + 1
        try:
            client.write(_first(vote), _counted(review, votes))
        except ConditionFailedError as failed:
            if 1 in failed.found:
                review = _public(failed.found[1], review.id)
            if 0 in failed.found:
                return review.helpful
        else:
            return votes
    raise UnavailableError


def _first(vote: Key) -> Action:
    return {
        "Put": {
            "TableName": settings.current().content_table,
            "Item": vote,
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }


def _counted(review: Review, votes: int) -> Action:
    return {
        "Update": {
            "TableName": settings.current().content_table,
            "Key": keys.review(review.slug, review.key),
            "UpdateExpression": "SET helpful = :votes, helpful_order = :order",
            "ConditionExpression": "id = :id AND #status = :published AND helpful = :seen",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": attributes.pack(
                {
                    ":id": review.id,
                    ":published": str(ReviewStatus.PUBLISHED),
                    ":seen": review.helpful,
                    ":votes": votes,
                    ":order": items.helpful_order(votes, review.id),
                }
            ),
        }
    }


def _public(row: attributes.Item | None, review_id: str) -> Review:
    review = items.review_from(row) if row else None
    if review is None or review.id != review_id or review.status is not ReviewStatus.PUBLISHED:
        raise ReviewNotFoundError
    return review

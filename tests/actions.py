"""What readers and editors do, a line each, on the article of `builders`."""

from typing import Any, Final

from chalicelib import settings
from chalicelib.model import Review
from chalicelib.store import client, items, keys, reviews
from tests import builders
from tests.client import Answer, Api

ARTICLE: Final = f"/articles/{builders.SLUG}"
REVIEWS: Final = f"{ARTICLE}/reviews"
QUEUE: Final = "/editor/reviews"
DECISIONS: Final = "/editor/reviews/decisions"


def submit(api: Api, key: str | None = None, **changes: Any) -> Answer:
    """Submit the builder's review with changes, under an `Idempotency-Key` if one is given."""
    headers = {} if key is None else {"Idempotency_Key": key}
    return api.post(REVIEWS, builders.submission(**changes), **headers)


def edit(api: Api, review: dict[str, Any], **changes: Any) -> Answer:
    """Edit a review that was answered to its submission."""
    return api.patch(f"{REVIEWS}/{review['id']}", changes, token=review["manage_token"])


def withdraw(api: Api, review: dict[str, Any]) -> Answer:
    """Withdraw a review that was answered to its submission."""
    return api.delete(f"{REVIEWS}/{review['id']}", token=review["manage_token"])


def vote(api: Api, review: dict[str, Any]) -> Answer:
    """Say that a review was helpful."""
    return api.post(f"{REVIEWS}/{review['id']}/votes", {"vote": "helpful"})


def report(api: Api, review: dict[str, Any], reason: str = "spam", **changes: Any) -> Answer:
    """Report a review to its editors."""
    return api.post(f"{REVIEWS}/{review['id']}/reports", {"reason": reason, **changes})


def decide(api: Api, *decisions: tuple[dict[str, Any], str]) -> Answer:
    """Decide on reviews as an editor."""
    body = [
        {"slug": builders.SLUG, "id": review["id"], "decision": decision}
        for review, decision in decisions
    ]
    return api.post(DECISIONS, {"decisions": body}, editor=True)


def results_of(decided: Answer) -> list[str]:
    """Give what became of each decision."""
    return [one["result"] for one in decided.body["results"]]


def listed(api: Api, sort: str = "newest") -> list[dict[str, Any]]:
    """Give the reviews that the public sees."""
    reviews_of_it: list[dict[str, Any]] = api.get(f"{REVIEWS}?sort={sort}").body["items"]
    return reviews_of_it


def queued(api: Api, status: str = "pending") -> list[dict[str, Any]]:
    """Give what waits for a decision, or another of the queues."""
    waiting: list[dict[str, Any]] = api.get(f"{QUEUE}?status={status}", editor=True).body["items"]
    return waiting


def stored(review: dict[str, Any]) -> Review:
    """Give a review or proposal as its row holds it."""
    key = reviews.find_key(builders.SLUG, review["id"])
    assert key is not None
    row = client.get(settings.current().content_table, keys.review(builders.SLUG, key))
    assert row is not None
    return items.review_from(row)

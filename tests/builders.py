"""Requests and stream records that are valid unless a test says otherwise."""

from typing import Any

SLUG = "first-light"
SCHEDULED = {
    "version": "0",
    "account": "123456789012",
    "region": "us-east-1",
    "detail": {},
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "time": "2026-03-14T08:00:00Z",
    "id": "cdc73f9d-aea9-11e3-9d5a-835b769c0d9c",
    "resources": ["arn:aws:events:us-east-1:123456789012:rule/reconcile_tallies"],
}


def article(**changes: Any) -> dict[str, Any]:
    """Give the body of a PUT that publishes an article."""
    return {
        "title": "First light",
        "description": "What a telescope sees first.",
        "body_markdown": "The dome *opens*.",
        "author": "Ada Byron",
        "tags": ["astronomy", "beginnings"],
        "published_at": "2026-03-14T08:00:00Z",
        "status": "published",
        **changes,
    }


def submission(**changes: Any) -> dict[str, Any]:
    """Give the body of a POST that reviews an article."""
    return {
        "name": "Grace",
        "email": "grace@example.com",
        "message": "Clear and kind.",
        "rating": 5,
        **changes,
    }


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    """Give a body without some of its fields."""
    return {name: value for name, value in body.items() if name not in names}

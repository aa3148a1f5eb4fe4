"""
What is stored and what is asked in every measurement.

The article has 5 KB of Markdown, a tag and an author, and 42 reviews; the rows
are as the app writes them, the events as API Gateway and the stream send them.
"""

import json
from dataclasses import replace
from typing import Any, Final, TypeAlias

from chalicelib.model import Image
from chalicelib.store import items, keys
from chalicelib.store.attributes import Item, pack
from tests import builders, rows

Event: TypeAlias = dict[str, Any]

ENVIRONMENT: Final = {
    "STAGE": "bench",
    "RELEASE": "bench",
    "CAPTCHA": "off",
    # One call for a submission, as the peers make it; the guard's calls are DynamoDB's time.
    "LIMITS": "off",
    "MODERATION": "publish_first",
    "CONTENT_TABLE": "content",
    "DERIVED_TABLE": "derived",
    "READER_SECRET": "r" * 32,
    "SIGNING_SECRETS": "s" * 32,
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_SESSION_TOKEN": "bench",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
}
"""Of every process that is measured, the peers' too."""

ARTICLE: Final = f"/articles/{builders.SLUG}"
REVIEWS: Final = f"{ARTICLE}/reviews"

_SENTENCE: Final = (
    "When the dome opens at dusk, what the telescope sees first is never what it saw. "
)
_PARAGRAPHS: Final = 8
_STARS: Final = (1, 2, 3, 10, 26)


def article_row() -> Item:
    """Give the article's row in content."""
    paragraph = _SENTENCE * 8
    article = replace(
        rows.article(),
        body_markdown="# First light\n\n" + f"{paragraph}\n\n" * _PARAGRAPHS,
        body_html="<h1>First light</h1>" + f"<p>{paragraph}</p>" * _PARAGRAPHS,
    )
    return items.article_item(article)


def tally_row() -> Item:
    """Give the row of the article's tally in derived."""
    numbers = {f"stars_{stars}": count for stars, count in enumerate(_STARS, start=1)}
    total = sum(stars * count for stars, count in enumerate(_STARS, start=1))
    return keys.tally(builders.SLUG) | pack(
        numbers
        | {"count": sum(_STARS), "total": total, "revision": 42, "as_of": "2026-03-14T08:00:00Z"}
    )


def related_row() -> Item:
    """Give the row of what the article's page shows of others."""
    teaser = rows.article(image=Image("https://example.com/dome.jpg", "A dome", "")).summary.teaser
    return keys.related(builders.SLUG) | pack(
        {"revision": 7, "article_revision": 1, "articles": [items.pack_teaser(teaser)] * 4}
    )


def get_event() -> Event:
    """Ask for the article."""
    return _event("GET", "/articles/{slug}", ARTICLE, None)


def post_event(number: int = 1) -> Event:
    """Submit the review of the reader of this number, 300 characters long."""
    submission = builders.submission(
        email=f"reader.{number}@example.com", message=(_SENTENCE * 4)[:300]
    )
    return _event("POST", "/articles/{slug}/reviews", REVIEWS, submission)


def stream_event(first: int, reviews: int) -> Event:
    """Tell of so many new reviews, by the readers of the numbers from `first` on."""
    numbers = range(first, first + reviews)
    records = [rows.record(None, rows.review(number), number) for number in numbers]
    return {"Records": [{**record, "awsRegion": "us-east-1"} for record in records]}


def _event(method: str, resource: str, path: str, body: Event | None) -> Event:
    headers = {"Accept": "*/*", "Host": "example.com", "User-Agent": "bench"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    identity = {"sourceIp": "192.0.2.1", "userAgent": "bench"}
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"slug": builders.SLUG},
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": f"/v1{path}",
            "stage": "v1",
            "requestId": "0",
            "accountId": "123456789012",
            "apiId": "bench",
            "protocol": "HTTP/1.1",
            "identity": identity,
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }

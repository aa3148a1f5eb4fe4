"""What an article may hold: every fault of every field comes at once, and nothing is echoed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from chalicelib import settings
from tests import builders, library
from tests.client import Answer, Api
from tests.pricing import size

ARTICLE = f"/articles/{builders.SLUG}"
CANARY = "canary-4711"
EMOJI = "\U0001f52d"
MOST_BYTES_OF_A_ROW = 400 * 1024

TITLES = [(None, "required"), ("", "required"), (" \u200b", "required"), (7, "invalid")]
TIMES = [
    "",
    CANARY,
    "2026-03-14",
    "2026-03-14T08:00:00",
    "2026-13-14T08:00:00Z",
    "1969-12-31T23:59:59Z",
    "1970-01-01T00:59:59+01:00",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    1_773_475_200,
    True,
    [],
]
ADDRESSES = [
    "",
    "example.com/a.png",
    "//example.com/a.png",
    "/a.png",
    "ftp://example.com/a.png",
    "javascript:alert(1)",
    "data:image/png;base64,AAAA",
    "http://",
    "http:example.com",
    "https:\\\\example.com",
    " https://example.com",
    "https://example.com/a b",
    "https://exam\nple.com",
    'https://example.com/"onerror="alert(1)',
    "https://example.com/<script>",
    "https://example.com/\u202egnp.a",
    "https://example.com:port/",
    f"https://example.com/{'a' * 2029}",
    7,
    None,
]


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """A client of an app with one article, which no refusal may change."""
    with library.opened() as api:
        api.put(ARTICLE, builders.article())
        yield api


def refused(api: Api, path: str = ARTICLE, **changes: Any) -> dict[str, str]:
    """Give the codes of a PUT that must be refused."""
    answer = api.put(path, builders.article(**changes), If_Match="*")
    assert (answer.status, CANARY in answer.text) == (422, False), answer.text
    assert api.get(ARTICLE).body["revision"] == 1
    assert all(error["message"] for error in answer.body["errors"])
    return answer.codes


def test_every_fault_comes_at_once(api: Api) -> None:
    body = {
        "title": " ",
        "description": CANARY * 50,
        "author": "",
        "status": CANARY,
        "tags": ["fine", "Not Fine", CANARY.upper(), 7],
        "image": {"url": CANARY, "alt": "\x00", "credit": 7, CANARY: CANARY},
        "published_at": CANARY,
        CANARY: CANARY,
        f"{CANARY}-2": CANARY,
    }

    answer = api.put(ARTICLE, body, If_Match="*")

    assert (answer.status, CANARY in answer.text) == (422, False)
    assert answer.codes == {
        "/title": "title_required",
        "/body_markdown": "body_markdown_required",
        "/description": "description_too_long",
        "/author": "author_required",
        "/status": "status_invalid",
        "/tags/1": "tags_invalid",
        "/tags/2": "tags_invalid",
        "/tags/3": "tags_invalid",
        "/image/url": "image_url_invalid",
        "/image/alt": "image_alt_invalid",
        "/image/credit": "image_credit_invalid",
        "/image": "unknown_field",
        "/published_at": "published_at_invalid",
        "": "unknown_field",
    }
    assert len(answer.body["errors"]) == len(answer.codes)


@pytest.mark.parametrize("field", ["title", "body_markdown"])
@pytest.mark.parametrize(("value", "code"), TITLES)
def test_a_title_and_a_text_are_required(api: Api, field: str, value: Any, code: str) -> None:
    changes: dict[str, Any] = {field: value}

    assert refused(api, **changes) == {f"/{field}": f"{field}_{code}"}


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"title": "x" * 201}, {"/title": "title_too_long"}),
        ({"title": "two\nlines"}, {"/title": "title_invalid"}),
        ({"description": None}, {"/description": "description_required"}),
        ({"description": "x" * 501}, {"/description": "description_too_long"}),
        ({"body_markdown": "x" * 100_001}, {"/body_markdown": "body_markdown_too_long"}),
        ({"body_markdown": "bell\x07"}, {"/body_markdown": "body_markdown_invalid"}),
        ({"author": "x" * 81}, {"/author": "author_too_long"}),
        ({"author": ["Ada"]}, {"/author": "author_invalid"}),
        ({"tags": None}, {"/tags": "tags_required"}),
        ({"tags": "astronomy"}, {"/tags": "tags_invalid"}),
        ({"tags": {"astronomy": 1}}, {"/tags": "tags_invalid"}),
        ({"tags": ["x"] * 11}, {"/tags": "tags_too_long"}),
        ({"tags": ["ok", "x" * 41]}, {"/tags/1": "tags_invalid"}),
        ({"tags": ["", "ok", "é"]}, {"/tags/0": "tags_invalid", "/tags/2": "tags_invalid"}),
        ({"image": []}, {"/image": "image_invalid"}),
        ({"image": {}}, {"/image/url": "image_url_required"}),
        ({"status": "retracted"}, {"/status": "status_invalid"}),
        ({"status": "live"}, {"/status": "status_invalid"}),
        ({"status": "scheduled"}, {"/published_at": "published_at_past"}),
        ({"status": True}, {"/status": "status_invalid"}),
        ({"slug": builders.SLUG}, {"": "unknown_field"}),
        ({"revision": 1, "tally": {}}, {"": "unknown_field"}),
    ],
)
def test_a_fault_has_a_pointer_and_a_code(
    api: Api, changes: dict[str, Any], codes: dict[str, str]
) -> None:
    assert refused(api, **changes) == codes


@pytest.mark.parametrize("url", ADDRESSES)
def test_a_picture_stands_at_a_web_address(api: Api, url: object) -> None:
    code = "image_url_required" if url is None else "image_url_invalid"

    assert refused(api, image={"url": url}) == {"/image/url": code}


@pytest.mark.parametrize("published_at", TIMES)
def test_a_time_has_one_form(api: Api, published_at: object) -> None:
    assert refused(api, published_at=published_at) == {"/published_at": "published_at_invalid"}


@pytest.mark.parametrize("ahead", [timedelta(minutes=1), timedelta(days=400)])
def test_the_future_is_refused(api: Api, ahead: timedelta) -> None:
    later = (datetime.now(UTC) + ahead).isoformat()

    assert refused(api, published_at=later) == {"/published_at": "published_at_invalid"}


@pytest.mark.parametrize("slug", ["First-Light", "a_b", "x" * 81, "é", "a%2Fb", "a%252Db", "%00"])
def test_a_new_article_needs_a_slug_that_can_be_one(api: Api, slug: str) -> None:
    assert refused(api, f"/articles/{slug}") == {"/slug": "slug_invalid"}


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({}, {"": "nothing_to_change"}),
        ({"title": None}, {"/title": "title_required"}),
        ({"tags": None, "status": None}, {"/tags": "tags_required", "/status": "status_required"}),
        ({"published_at": None}, {"/published_at": "published_at_invalid"}),
        ({"slug": "other"}, {"": "unknown_field"}),
        ({"image": {"url": "x", "size": 1}}, {"/image/url": "image_url_invalid"}),
    ],
)
def test_a_patch_is_checked_too(api: Api, body: dict[str, Any], codes: dict[str, str]) -> None:
    answer = api.patch(ARTICLE, body, editor=True, If_Match="*")

    assert answer.status == 422
    assert answer.codes.items() >= codes.items()


def test_a_text_whose_html_is_too_large_is_refused(api: Api) -> None:
    answers = [
        api.put("/articles/large", builders.article(body_markdown="<" * 100_000)),
        api.patch(ARTICLE, {"body_markdown": EMOJI * 95_000}, editor=True, If_Match="*"),
    ]

    assert [(answer.status, answer.code) for answer in answers] == [(413, "payload_too_large")] * 2
    assert (api.get("/articles/large").status, api.get(ARTICLE).body["revision"]) == (404, 1)


def largest_article() -> dict[str, Any]:
    """Give an article with every field as long as it may be, in the longest characters."""
    url = "https://example.com/"
    return builders.article(
        title=EMOJI * 200,
        description=EMOJI * 500,
        body_markdown=EMOJI * 47_498,
        author=EMOJI * 80,
        tags=[f"{'t' * 39}{digit}" for digit in range(10)],
        image={"url": url.ljust(2048, "a"), "alt": EMOJI * 300, "credit": EMOJI * 300},
    )


def test_the_largest_article_fits_into_a_row(api: Api) -> None:
    answer: Answer = api.put(f"/articles/{'s' * 80}", largest_article())

    assert answer.status == 201
    rows = boto3.client("dynamodb").scan(TableName=settings.current().content_table)["Items"]
    largest = max(size(row) for row in rows)
    assert 0.9 * MOST_BYTES_OF_A_ROW < largest < MOST_BYTES_OF_A_ROW


def test_a_text_one_character_longer_does_not(api: Api) -> None:
    text = largest_article()["body_markdown"] + "**" + EMOJI

    answer = api.put("/articles/longer", largest_article() | {"body_markdown": text})

    assert answer.status == 413

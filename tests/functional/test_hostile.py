"""
What attackers put into headers, paths, cursors and tokens has an answer of the document.

Bodies have their own corpus in tests/unit/test_http.py. `Api` holds every answer against the
document and searches it for readers; here nothing that was sent may come back, and nothing may
be a fault of ours.
"""

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import app
from chalicelib.api import openapi
from tests import builders, library, rows
from tests.actions import ARTICLE, REVIEWS
from tests.client import Answer, Api

CANARY = "canary-4711"
HEADERS = (
    *("Authorization", "Idempotency-Key", "If-Match", "If-None-Match", "Content-Type", "Accept"),
    *("User-Agent", "X-Forwarded-For", "Cookie", "Referer", "Range", "Accept-Encoding", "Prefer"),
    *("X-HTTP-Method-Override", "X-Original-URL", "Forwarded", "Expect", "Content-Encoding"),
)
VALUES = {
    "empty": "",
    "blank": "   ",
    "line ends": f"{CANARY}\r\nX-Injected: yes\r\n\r\n<script>",
    "encoded line ends": f"{CANARY}%0d%0aX-Injected:%20yes",
    "NUL": f"{CANARY}\x00",
    "controls": f"{CANARY}\x01\x1b[31m\x7f",
    "100 KB": CANARY * 10_000,
    "quotes": f'"{CANARY}", "\\", W/"", \'\'',
    "commas": ",".join([CANARY] * 50),
    "not ASCII": f"{CANARY}ü😀\u202e",
    "half a character": f"{CANARY}\ud800",
    "bearer of nothing": "Bearer ",
    "bearer of rubbish": f"Bearer {CANARY} {CANARY}",
    "bearer of base64": f"Bearer {'A' * 600}",
    "another scheme": "Basic Y2FuYXJ5OjQ3MTE=",
    "a format": "%s%n{0}${jndi:ldap://canary-4711}",
    "a query": f"' OR 1=1 --{CANARY}",
}
PATHS = [
    *("/articles/", "/articles/..", "/articles/../editor/articles", "/articles/%2e%2e/health"),
    *("/articles/%00", "/articles/a%00b", "/articles/a%0d%0aX-Injected:%20yes", "/articles/%ff%fe"),
    *(f"/articles/{CANARY.upper()}", f"/articles/{'a' * 81}", f"/articles/{'a' * 2048}"),
    *("/articles/A%23first-light", "/articles/first-light%23ARTICLE", "/articles/*", "/articles/~"),
    *("/articles/<script>", "/articles/${7*7}", "/articles/{slug}", "/articles/first-light;x=1"),
    *(f"{REVIEWS}/..", f"{REVIEWS}/%00", f"{REVIEWS}/{'0' * 27}", f"{REVIEWS}/R%23AAAA"),
    *(f"{ARTICLE}/form/..", f"{ARTICLE}//reviews", f"{ARTICLE}/reviews/~", "/editor/blocks/~"),
]
TEXTS = st.text(max_size=600) | st.text("Aa0_-=+/.", max_size=600)


@pytest.fixture(scope="module")
def shelf() -> Iterator[Api]:
    """A client of an app with one article and one review."""
    with library.opened() as api:
        api.put(ARTICLE, builders.article())
        api.post(REVIEWS, builders.submission())
        yield api


def routes() -> list[tuple[str, str]]:
    """Give method and path of every route."""
    filled = {"slug": builders.SLUG, "id": rows.review().id, "token": "x", "revision": 1}
    return [(method, path.format(**filled)) for path, method, _, _ in openapi.routes_of(app)]


def assert_harmless(answer: Answer) -> None:
    assert answer.status < 500, answer.text
    assert CANARY not in answer.text.lower()
    assert CANARY not in str(answer.headers).lower()
    assert "x-injected" not in answer.headers


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path"), routes(), ids=lambda one: one)
def test_no_header_does_anything(
    shelf: Api, method: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for name in HEADERS:
        for value in VALUES.values():
            sent: dict[str, Any] = {name.replace("-", "_"): value}
            raw = None if method in {"GET", "HEAD", "DELETE"} else b"{}"

            assert_harmless(shelf.request(method, path, raw=raw, **sent))

    assert not [record for record in caplog.records if CANARY in str(vars(record))]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_no_path_leads_astray(shelf: Api, method: str, path: str) -> None:
    body = builders.submission() if method == "POST" else None

    answer = shelf.request(method, path, body)

    assert_harmless(answer)
    assert answer.status in {200, 204, 400, 401, 404, 405, 415}


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_no_text_is_a_cursor_or_a_token(shelf: Api, text: str) -> None:
    listed = shelf.get(f"{REVIEWS}?cursor={quote(text, errors='replace')}")
    managed = shelf.delete(f"{REVIEWS}/{rows.review().id}", token=text)

    assert listed.code == "invalid_cursor" if text else listed.status in {200, 400}
    assert managed.code == "unauthorized"


def test_every_fault_of_a_cursor_has_the_same_answer(shelf: Api) -> None:
    cursor = shelf.get(f"{REVIEWS}?limit=1&sort=oldest").body["next_cursor"]
    if cursor is None:
        shelf.post(REVIEWS, builders.submission(email="second@example.com"))
        cursor = shelf.get(f"{REVIEWS}?limit=1&sort=oldest").body["next_cursor"]
    places = range(len(cursor))
    altered = {
        *(cursor[:place] + other + cursor[place + 1 :] for place in places for other in "A_9"),
        *(cursor[:end] for end in places if end),
        *(cursor + more for more in ("A", "=", "%20", ".")),
    } - {cursor}

    answers = [shelf.get(f"{REVIEWS}?sort=oldest&cursor={one}") for one in sorted(altered)]

    said = {(one.status, one.text.replace(one.body["request_id"], "")) for one in answers}
    assert len(said) == 1
    assert answers[0].code == "invalid_cursor"

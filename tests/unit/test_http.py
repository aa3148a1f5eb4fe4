"""
Bodies that nobody should send: each is a problem of the right kind on every route that takes one.

Nothing is stored here, so that a body which got past its check would be answered by another code.
Every body holds a canary, which no answer and no log line may repeat.
"""

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from app import app
from chalicelib.api import openapi
from chalicelib.guard import tokens
from tests import library, rows
from tests.builders import SLUG
from tests.client import EDITOR_KEY, Answer, Api

CANARY = "canary-4711"
LARGEST = {
    "/articles/{slug}": 1_048_576,
    "/articles/{slug}/reviews": 65_536,
    "/articles/{slug}/reviews/{id}": 65_536,
    "/articles/{slug}/reviews/{id}/votes": 65_536,
    "/articles/{slug}/reviews/{id}/reports": 65_536,
    "/readers/requests": 65_536,
    "/links": 65_536,
    "/links/description": 65_536,
    "/editor/reviews/decisions": 131_072,
    "/editor/readers/export": 65_536,
    "/editor/readers/erase": 65_536,
    "/editor/blocks": 131_072,
    "/editor/articles/{slug}/freeze": 65_536,
    "/editor/articles/{slug}/move": 65_536,
    "/editor/articles/{slug}/reviews/{id}/reply": 131_072,
}
FIELDS = (
    *(
        "name",
        "email",
        "message",
        "rating",
        "captcha_token",
        "form_token",
        "website",
        "title",
        "body_markdown",
    ),
    *("description", "image", "author", "tags", "published_at", "status", "decisions"),
)
REVIEW = rows.review()


class Target(NamedTuple):
    """A route that takes a body, and who may send it."""

    method: str
    template: str
    authorization: str

    @property
    def path(self) -> str:
        return self.template.format(slug=SLUG, id=REVIEW.id)


def targets() -> list[Target]:
    credentials = {"editor": f"Bearer {EDITOR_KEY}", "reader": f"Bearer {tokens.issue(REVIEW)}"}
    return [
        Target(method, path, credentials.get(contract.security or "", ""))
        for path, method, _, contract in openapi.routes_of(app)
        if contract.body is not None
    ]


def an_object(more: str = "") -> bytes:
    return f'{{"name": "{CANARY}"{more}}}'.encode()


UNREADABLE = {
    "no JSON": CANARY.encode(),
    "cut off": an_object()[:-1],
    "trailing text": an_object() + b" x",
    "two objects": an_object() * 2,
    "trailing NUL": an_object() + b"\0",
    "trailing comma": an_object(","),
    "comment": an_object() + b"// \n",
    "single quotes": an_object().replace(b'"', b"'"),
    "line end in a text": an_object().replace(b"canary", b"canary\n"),
    "null": b"null",
    "list": f'["{CANARY}"]'.encode(),
    "text": f'"{CANARY}"'.encode(),
    "number": b"4711",
    "true": b"true",
    "NaN": an_object(', "rating": NaN'),
    "Infinity": an_object(', "rating": Infinity'),
    "-Infinity": an_object(', "rating": [-Infinity]'),
    "5000 digits": an_object(f', "rating": {"9" * 5000}'),
    "name twice": an_object(f', "name": "{CANARY}"'),
    "name twice, escaped": an_object(r', "n\u0061me": 1'),
    "name twice, inside": an_object(', "image": {"url": 1, "url": 1}'),
    "name twice, deep inside": an_object(', "a": [[{"b": {"c": [{"d": 1, "d": 2}]}}]]'),
    "lone high surrogate": an_object(r', "message": "\ud83d"'),
    "lone low surrogate": an_object(r', "message": "\uDD2D"'),
    "reversed surrogates": an_object(r', "message": "\udd2d\ud83d"'),
    "surrogate in a name": an_object(r', "\ud800": 1'),
    "surrogate in a name, deep inside": an_object(r', "a": [{"b": {"\uDbFf": 1}}]'),
    "no UTF-8": an_object().replace(b"canary", b"canary\xff"),
    "overlong UTF-8": an_object().replace(b"canary", b"canary\xc0\xaf"),
    "raw surrogate": an_object().replace(b"canary", b"canary\xed\xa0\x80"),
    "UTF-16": an_object().decode().encode("utf-16"),
    "UTF-16 without a mark": an_object().decode().encode("utf-16-le"),
    "UTF-32": an_object().decode().encode("utf-32"),
    "byte order mark": b"\xef\xbb\xbf" + an_object(),
    "100 000 open lists": b"[" * 100_000 + CANARY.encode(),
    "100 000 lists": an_object(f', "a": {"[" * 100_000}{"]" * 100_000}'),
    "100 000 objects": an_object(', "a": ' + '{"a":' * 100_000 + "1" + "}" * 100_001),
    "10 MB": an_object(f', "message": "{"x" * 10_485_760}"'),
    "300 lists": an_object(f', "tags": {"[" * 300}{"]" * 300}'),
    "nine levels": an_object(f', "tags": {"[" * 8}{"]" * 8}'),
}
WRONG = {
    "empty object": f"{{}}{' ' * 20}".encode(),
    "unknown names": an_object(f', "{CANARY}": {{"{CANARY}": ["{CANARY}"]}}'),
    "4000 unknown names": an_object("".join(f', "x{n}": {n}' for n in range(4000))),
    "infinite by its exponent": an_object(', "rating": 1e999, "title": -1e999'),
    "4000 digits": an_object(f', "rating": {"9" * 4000}'),
    "surrogate pair": an_object(r', "\ud83d\udd2d": "\ud83d\udd2d"'),
    "escaped escape": an_object(r', "x": "\\ud83d"'),
    "eight levels": an_object(f', "tags": {"[" * 7}{"]" * 7}'),
    "NUL": an_object(r', "title": "\u0000", "message": "\u0000"'),
    "every field of another kind": json.dumps(
        {name: {CANARY: [CANARY, {}]} for name in FIELDS}
    ).encode(),
}
FOREIGN_TYPES = [
    "",
    ";",
    "text/plain",
    "text/json",
    "application/jsonp",
    "application/json5",
    "application/problem+json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=application/json",
    "text/html; application/json",
    f"{CANARY}/json",
    "application/json; charset=utf-16",
    "application/json; charset=latin-1",
    'application/json; profile=x; charset="us-ascii"',
]
OWN_TYPES = [
    "application/json",
    "application/json;",
    "application/json; charset=utf-8",
    'APPLICATION/Json ; Charset="UTF-8"',
    " application/json ",
    "application/json; profile=x; charset=utf-8",
]

each_target = pytest.mark.parametrize("target", targets(), ids=lambda one: f"{one[0]} {one[1]}")


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """A client of an app that knows an editor, and stores nothing."""
    with library.opened() as api:
        yield api


@pytest.fixture(autouse=True)
def _no_canary_in_the_logs(caplog: pytest.LogCaptureFixture) -> Any:
    yield
    assert not [one for one in caplog.records if CANARY in str(vars(one))]


def through_lambda(target: Target, body: str | None, *, is_base64: bool) -> Answer:
    """Send a body as API Gateway hands it to the function."""
    event = {
        "resource": target.template,
        "path": target.path,
        "httpMethod": target.method,
        "headers": {"authorization": target.authorization, "content-type": "application/json"},
        "multiValueQueryStringParameters": None,
        "pathParameters": {"slug": SLUG, "id": REVIEW.id},
        "stageVariables": None,
        "requestContext": {
            "resourcePath": target.template,
            "httpMethod": target.method,
            "path": f"/v1{target.path}",
            "stage": "v1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "identity": {"sourceIp": "203.0.113.77"},
        },
        "body": body,
        "isBase64Encoded": is_base64,
    }
    response = app(event, None)
    headers = {name.lower(): value for name, value in response["headers"].items()}
    return Answer(response["statusCode"], headers, response["body"])


def assert_problem(answer: Answer, status: int, code: str = "invalid_request") -> None:
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["vary"] == "Origin"
    assert CANARY not in answer.text + str(answer.headers)


def sent(
    api: Api,
    target: Target,
    raw: bytes | None,
    content_type: str | None,
    encoding: str | None = None,
) -> Answer:
    headers: dict[str, Any] = {"Authorization": target.authorization}
    if encoding is not None:
        headers["Content_Encoding"] = encoding
    if content_type is not None:
        headers["Content_Type"] = content_type
    return api.request(target.method, target.path, raw=raw, **headers)


def test_every_route_that_writes_takes_a_body_or_deletes() -> None:
    writing = {
        (method, path)
        for path, method, _, _ in openapi.routes_of(app)
        if method not in {"GET", "HEAD", "DELETE"}
    }

    bodiless = {
        ("POST", "/editor/notifications/{id}/retry"),
        # A form of no meaning: RFC 8058.
        ("POST", "/unsubscribe/{token}"),
        ("POST", "/editor/articles/{slug}/revisions/{revision}/restore"),
    }
    assert {(one.method, one.template) for one in targets()} == writing - bodiless


@each_target
@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_refused(api: Api, target: Target, raw: bytes) -> None:
    is_large = len(raw) > LARGEST[target.template]

    answer = sent(api, target, raw, "application/json")

    assert_problem(answer, *((413, "payload_too_large") if is_large else (400, "invalid_request")))


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE)
def test_base64_hides_nothing(raw: bytes) -> None:
    target = targets()[0]
    is_large = len(raw) > LARGEST[target.template]

    answer = through_lambda(target, base64.b64encode(raw).decode(), is_base64=True)

    assert_problem(answer, *((413, "payload_too_large") if is_large else (400, "invalid_request")))


@each_target
@pytest.mark.parametrize("raw", WRONG.values(), ids=WRONG)
def test_what_can_be_read_is_checked_field_by_field(api: Api, target: Target, raw: bytes) -> None:
    answer = sent(api, target, raw, "application/json")

    assert_problem(answer, 422)
    assert answer.body["errors"] != []


@each_target
@pytest.mark.parametrize("body", [None, ""])
@pytest.mark.parametrize("is_base64", [True, False])
def test_a_missing_body_is_refused(target: Target, body: str | None, *, is_base64: bool) -> None:
    assert_problem(through_lambda(target, body, is_base64=is_base64), 400)


@each_target
@pytest.mark.parametrize("body", [f"{CANARY}=a", "e", "\u00e9", "\ud800", "%%%", "===="])
def test_broken_base64_is_refused(target: Target, body: str) -> None:
    assert_problem(through_lambda(target, body, is_base64=True), 400)


@each_target
def test_a_lone_surrogate_in_the_event_is_refused(target: Target) -> None:
    body = an_object().decode().replace("canary", "canary\ud800")

    assert_problem(through_lambda(target, body, is_base64=False), 400)


@each_target
@pytest.mark.parametrize("content_type", [None, *FOREIGN_TYPES])
def test_only_json_is_taken(api: Api, target: Target, content_type: str | None) -> None:
    answer = sent(api, target, an_object(), content_type)

    assert_problem(answer, 415, "unsupported_media_type")


@each_target
@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, identity"])
def test_nothing_is_unpacked(api: Api, target: Target, encoding: str) -> None:
    answer = sent(api, target, gzip.compress(an_object()), "application/json", encoding)

    assert_problem(answer, 415, "unsupported_media_type")


@each_target
@pytest.mark.parametrize("content_type", OWN_TYPES)
def test_json_may_be_declared_in_any_spelling(api: Api, target: Target, content_type: str) -> None:
    assert_problem(sent(api, target, b'{"x": 1}', content_type), 422)


@each_target
@pytest.mark.parametrize(("more", "status"), [(0, 422), (1, 413)])
def test_a_body_may_be_as_large_as_its_route_says(
    api: Api, target: Target, more: int, status: int
) -> None:
    raw = b'{"x": 1}'.ljust(LARGEST[target.template] + more)

    assert sent(api, target, raw, "application/json").status == status


# How deep Python reads depends on its version and the thread's stack.
@each_target
@pytest.mark.parametrize("depth", [500, 1_000, 5_000, 20_000])
def test_no_depth_is_too_deep_to_answer(api: Api, target: Target, depth: int) -> None:
    raw = an_object(f', "a": {"[" * depth}"\\ud83d\\udd2d"{"]" * depth}')

    answer = sent(api, target, raw, "application/json")

    assert answer.status in {400, 422}
    assert_problem(answer, answer.status)


@each_target
def test_size_is_looked_at_before_anything_else(api: Api, target: Target) -> None:
    answer = sent(api, target, b"\xff" * 2_000_000, "text/plain")

    assert_problem(answer, 413, "payload_too_large")

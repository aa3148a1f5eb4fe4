"""Every path and every method has an answer in one shape, whoever asks."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from chalice.config import Config

from app import app
from chalicelib.api import openapi
from chalicelib.store import client
from localdev.gateway import Gateway
from tests import builders, library, rows
from tests.client import Answer, Api

ARTICLE = f"/articles/{builders.SLUG}"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
CANARY = "canary-4711"


def taken() -> dict[str, set[str]]:
    """Give the methods that each path takes."""
    methods: dict[str, set[str]] = {}
    for path, method, _, _ in openapi.routes_of(app):
        methods.setdefault(
            path.format(slug=builders.SLUG, id=rows.review().id, token="x", revision=1), set()
        ).add(method)
    return methods


PATHS = taken()
REFUSED = [(method, path) for path in PATHS for method in METHODS if method not in PATHS[path]]


@pytest.fixture(scope="module")
def shelf() -> Iterator[Api]:
    """A client of an app with one article."""
    with library.opened() as api:
        api.put(ARTICLE, builders.article())
        yield api


def through_gateway(method: str, path: str) -> Answer:
    """Send a request whose answer no document describes."""
    response = Gateway(app, Config()).handle_request(method, path, {}, None)
    headers = {name.lower(): value for name, value in response["headers"].items()}
    return Answer(response["statusCode"], headers, response["body"] or "")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/articles/first-light", 200),
        ("/articles/first%2Dlight", 200),
        ("/articles/first%2dlight", 200),
        ("/articles/%66irst-light", 200),
        ("/articles/first%2Dlight/reviews", 200),
        ("/articles/first%2Dlight/tally", 200),
        ("/articles/first%252Dlight", 404),
        ("/articles/first%25252Dlight", 404),
        ("/articles/first+light", 404),
        ("/articles/FIRST-LIGHT", 404),
        ("/articles/first-light%2F", 404),
        ("/articles/first-light%2Ftally", 404),
        ("/articles/first-light%00", 404),
        ("/articles/first-light%0A", 404),
        ("/articles/first-light%ff", 404),
        ("/articles/%ff", 404),
        ("/articles/%ed%a0%80", 404),
        ("/articles/%c3%a9", 404),
        ("/articles/%", 404),
        ("/articles/%2", 404),
        ("/articles/%zz", 404),
        ("/articles/..%2f..%2fetc", 404),
        ("/articles//tally", 404),
    ],
)
def test_a_slug_is_decoded_once(shelf: Api, path: str, status: int) -> None:
    answer = shelf.get(path)

    assert answer.status == status
    assert status == 200 or answer.code == "article_not_found"


@pytest.mark.parametrize("path", PATHS)
def test_a_trailing_slash_makes_no_difference(shelf: Api, path: str) -> None:
    method = min(PATHS[path])

    assert shelf.request(method, f"{path}/").status == shelf.request(method, path).status


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "path",
    [
        *("/", "/nothing", "/article", "/Articles", "/articles/a/b", "/editor", "//articles//"),
        *("/articles/first-light//", "/v1/articles", "/%61rticles", "/articles/a/reviews/b/reply"),
    ],
)
def test_an_unknown_path_is_no_route(method: str, path: str) -> None:
    answer = through_gateway(method, path)

    assert (answer.status, answer.code) == (404, "route_not_found")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(("method", "path"), REFUSED)
def test_a_path_says_which_methods_it_takes(method: str, path: str) -> None:
    answer = through_gateway(method, path)

    assert answer.status == 405
    assert {*answer.headers["allow"].split(", ")} == PATHS[path] | {"OPTIONS"}
    assert answer.headers["vary"] == "Origin"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.text == "" if method == "HEAD" else answer.code == "method_not_allowed"


def test_some_method_is_refused_on_every_path() -> None:
    assert {path for _, path in REFUSED} == {*PATHS}


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (partial(Api.get, path=ARTICLE), 200),
        (partial(Api.get, path=ARTICLE, If_None_Match="*"), 304),
        (partial(Api.get, path="/articles?limit=0"), 400),
        (partial(Api.get, path="/articles?cursor=x"), 400),
        (partial(Api.get, path="/editor/articles"), 401),
        (partial(Api.get, path="/articles/missing"), 404),
        (partial(Api.put, path=ARTICLE, body=builders.article(title="x")), 428),
        (partial(Api.put, path=ARTICLE, body=builders.article(title="x"), If_None_Match="*"), 409),
        (partial(Api.put, path=ARTICLE, body=builders.article(title="x"), If_Match="x"), 412),
        (partial(Api.put, path=ARTICLE, raw=b" " * 2_000_000), 413),
        (partial(Api.put, path=ARTICLE, raw=b"{}"), 415),
        (partial(Api.put, path=ARTICLE, body={}), 422),
        (partial(Api.post, path=f"{ARTICLE}/reviews", body=builders.submission()), 201),
    ],
    ids=lambda one: str(one) if isinstance(one, int) else "",
)
def test_every_answer_is_safe_to_show(
    shelf: Api, send: Callable[[Api], Answer], status: int
) -> None:
    answer = send(shelf)

    assert answer.status == status
    assert answer.headers["vary"] == "Origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.fixture
def foreseen_by_nobody() -> Iterator[list[Exception | str]]:
    """Errors, or codes of DynamoDB's, that the next calls end with."""
    planned: list[Exception | str] = []

    def fail(**_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        error = planned.pop(0)
        if isinstance(error, Exception):
            raise error
        refusal = {"Error": {"Code": error, "Message": f"{CANARY} may not"}}
        return AWSResponse("injected", 400, HTTPHeaders(), None), refusal

    events: Any = client.dynamodb().meta.events
    events.register_first("before-call.dynamodb", fail)
    yield planned
    events.unregister("before-call.dynamodb", fail)


def circular() -> Exception:
    error = RuntimeError(CANARY)
    error.__cause__ = error
    return error


@pytest.mark.parametrize(
    "error",
    ["AccessDeniedException", "ValidationException", KeyError(CANARY), circular()],
    ids=lambda error: type(error).__name__ if isinstance(error, Exception) else error,
)
def test_a_fault_that_nobody_foresaw_is_answered_and_not_told(
    shelf: Api,
    foreseen_by_nobody: list[Exception | str],
    caplog: pytest.LogCaptureFixture,
    error: Exception | str,
) -> None:
    foreseen_by_nobody.append(error)

    answer = shelf.get(ARTICLE)

    assert (answer.status, answer.code, CANARY in answer.text) == (500, "internal", False)
    (failure, _) = caplog.records
    assert (failure.getMessage(), CANARY in str(vars(failure)["fields"])) == (
        *("request failed", False),
    )

"""Pages of listed origins may read every answer; pages of all others may read none."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from chalice.config import Config
from hypothesis import given
from hypothesis import settings as bounds
from hypothesis import strategies as st

from app import app
from chalicelib import settings
from chalicelib.api import cors, openapi
from chalicelib.guard import secrets
from localdev.gateway import Gateway
from tests import builders, library, rows
from tests.actions import ARTICLE, REVIEWS
from tests.client import Answer, Api

Setting = Callable[..., None]
SITE, OTHER, DESK = "https://www.example.org", "http://localhost:3000", "https://desk.example.org"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
HOSTILE = [
    "null",
    "",
    "*",
    "http://www.example.org",
    "https://www.example.org:443",
    "https://www.example.org:8443",
    "https://www.example.org/",
    "https://www.example.org.evil.example",
    "https://evil.example/https://www.example.org",
    "https://www.example.org@evil.example",
    "https://evilwww.example.org",
    "https://example.org",
    "https://sub.www.example.org",
    "HTTPS://WWW.EXAMPLE.ORG",
    "https://www.example.org, https://evil.example",
    "https://www.example.org https://evil.example",
    " https://www.example.org",
    "https://wwwXexample.org",
    "https://www.example.org%60.evil.example",
    "https://www.еxample.org",
    "file://",
    "https://evil.example",
]


def served() -> list[tuple[str, str, bool]]:
    """Give every path and method, and whether it is for editors."""
    return [
        (
            path.format(slug=builders.SLUG, id=rows.review().id, token="x", revision=1),
            method,
            contract.security == "editor",
        )
        for path, method, _, contract in openapi.routes_of(app)
    ]


PATHS = sorted({path for path, _, _ in served()})


@pytest.fixture
def site(setting: Setting) -> None:
    setting(CORS_ORIGINS=f"{SITE},{OTHER}", CORS_EDITOR_ORIGINS=DESK)


@pytest.fixture(scope="module")
def shelf() -> Iterator[Api]:
    """A client of an app with one article."""
    with library.opened() as api:
        api.put(ARTICLE, builders.article())
        yield api


def sent(method: str, path: str, **headers: str) -> Answer:
    """Send a request whose answer no document describes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = Gateway(app, Config()).handle_request(method, path, named, None)
    lower = {name.lower(): value for name, value in response["headers"].items()}
    return Answer(response["statusCode"], lower, response["body"] or "")


def preflight(path: str, method: str, origin: str) -> Answer:
    return sent("OPTIONS", path, Origin=origin, Access_Control_Request_Method=method)


def allowed(answer: Answer) -> str | None:
    return answer.headers.get("access-control-allow-origin")


ANSWERS = {
    "200": (partial(Api.get, path=ARTICLE), 200),
    "304": (partial(Api.get, path=ARTICLE, If_None_Match="*"), 304),
    "400": (partial(Api.get, path="/articles?cursor=x"), 400),
    "401": (partial(Api.patch, path=f"{REVIEWS}/{rows.review().id}"), 401),
    "404": (partial(Api.get, path="/articles/missing"), 404),
    "405": (partial(Api.request, method="PATCH", path="/articles"), 405),
    "413": (partial(Api.post, path=REVIEWS, raw=b" " * 2_000_000), 413),
    "415": (partial(Api.post, path=REVIEWS, raw=b"{}"), 415),
    "422": (partial(Api.post, path=REVIEWS, body={}), 422),
    "201": (partial(Api.post, path=REVIEWS, body=builders.submission()), 201),
    "no route": (partial(Api.get, path="/nothing"), 404),
}


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(("send", "status"), ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("origin", [SITE, OTHER])
def test_a_listed_page_may_read_whatever_comes(
    shelf: Api, send: Callable[..., Answer], status: int, origin: str
) -> None:
    answer = send(shelf, Origin=origin)

    assert (answer.status, allowed(answer), answer.headers["vary"]) == (status, origin, "Origin")
    assert {*answer.headers["access-control-expose-headers"].split(", ")} >= {
        *("ETag", "Location", "Retry-After", "Allow", "RateLimit-Remaining"),
    }


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(("send", "status"), ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("origin", [DESK, "https://evil.example", "null", None])
def test_any_other_page_may_read_nothing(
    shelf: Api, send: Callable[..., Answer], status: int, origin: str | None
) -> None:
    headers = {} if origin is None else {"Origin": origin}

    answer = send(shelf, **headers)

    assert (answer.status, answer.headers["vary"]) == (status, "Origin")
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("origin", HOSTILE)
def test_an_origin_is_compared_letter_by_letter(shelf: Api, origin: str) -> None:
    for answer in (
        shelf.get(ARTICLE, Origin=origin),
        shelf.get("/articles/missing", Origin=origin),
        preflight(REVIEWS, "POST", origin),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


@bounds(max_examples=200, deadline=None)
@given(origin=st.text(max_size=60) | st.sampled_from([SITE, OTHER]).map(lambda one: one + "x"))
def test_nothing_like_a_listed_origin_is_one(origin: str) -> None:
    listed = settings.Settings({"STAGE": "prod", "CORS_ORIGINS": f"{SITE},{OTHER}"})

    assert (origin in listed.cors_origins) == (origin in {SITE, OTHER})


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(("path", "method", "is_editors"), served())
def test_a_preflight_knows_whose_page_may_send(path: str, method: str, is_editors: bool) -> None:
    mine, others = (DESK, SITE) if is_editors else (SITE, DESK)

    answer, refused = preflight(path, method, mine), preflight(path, method, others)

    assert (answer.status, answer.text, allowed(answer)) == (204, "", mine)
    assert method in answer.headers["access-control-allow-methods"].split(", ")
    assert {*answer.headers["access-control-allow-headers"].split(", ")} == {
        *("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match"),
    }
    assert answer.headers["access-control-max-age"] == "7200"
    assert not [name for name in refused.headers if name.startswith("access-control")]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", METHODS)
def test_no_answer_lets_credentials_in_and_every_answer_varies(
    shelf: Api, path: str, method: str
) -> None:
    for origin in (SITE, "https://evil.example"):
        answer = sent(method, path, Origin=origin, Access_Control_Request_Method=method)
        assert answer.headers["vary"] == "Origin"
        assert "access-control-allow-credentials" not in answer.headers
        assert allowed(answer) in {origin, None}


@pytest.mark.usefixtures("site")
def test_a_method_that_the_path_does_not_take_is_not_allowed() -> None:
    answer = preflight("/articles", "DELETE", SITE)

    assert answer.status == 204
    assert "access-control-allow-methods" not in answer.headers


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("path", PATHS)
def test_options_without_an_origin_names_the_methods(path: str) -> None:
    answer = sent("OPTIONS", path)

    taken = {method for other, method, _ in served() if other == path}
    assert (answer.status, {*answer.headers["allow"].split(", ")}) == (204, taken | {"OPTIONS"})


@pytest.mark.parametrize(
    ("stage", "listed", "expected"),
    [
        ("local", None, "*"),
        ("prod", None, None),
        ("prod", "", None),
        ("prod", "*", "*"),
        ("local", SITE, None),
    ],
)
def test_who_may_read_unless_told(
    setting: Setting, stage: str, listed: str | None, expected: str | None
) -> None:
    setting(STAGE=stage, CORS_ORIGINS=listed)

    assert allowed(sent("GET", "/nothing", Origin="https://anybody.example")) == expected
    assert allowed(sent("GET", "/editor/blocks", Origin="https://anybody.example")) is None


@pytest.mark.parametrize("name", ["CORS_ORIGINS", "CORS_EDITOR_ORIGINS"])
@pytest.mark.parametrize(
    "value",
    [
        "www.example.org",
        "https://www.example.org/",
        "https://www.example.org/path",
        "https://WWW.example.org",
        "https://*.example.org",
        "*, https://www.example.org",
        "ftp://www.example.org",
        "https://",
        "https://www.example.org:0",
        "https://www.example.org:443",
        "http://www.example.org:80",
        "null",
    ],
)
def test_a_list_that_is_none_is_an_error_of_ours_in_our_shape(
    shelf: Api, setting: Setting, name: str, value: str
) -> None:
    setting(**{name: value})
    path = ARTICLE if name == "CORS_ORIGINS" else "/editor/blocks"

    answer = shelf.get(path, Origin=SITE)

    assert (answer.status, answer.code, answer.headers["vary"]) == (500, "internal", "Origin")
    assert not [header for header in answer.headers if header.startswith("access-control")]


def test_the_local_gateway_answers_whatever_the_list(setting: Setting) -> None:
    setting(CORS_ORIGINS="nowhere")

    answer = sent("GET", "/nothing", Origin=SITE)

    assert (answer.status, answer.headers["vary"], allowed(answer)) == (404, "Origin", None)


@pytest.mark.usefixtures("site")
def test_a_fault_is_readable_where_success_is(shelf: Api, setting: Setting) -> None:
    setting(CONTENT_TABLE=None)

    answers = [shelf.get(ARTICLE, Origin=origin) for origin in (SITE, "https://evil.example")]

    assert [(answer.status, allowed(answer)) for answer in answers] == [(500, SITE), (500, None)]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("origin", [SITE, DESK])
@pytest.mark.parametrize(
    ("method", "wanted"), [("PUT", None), ("OPTIONS", None), ("OPTIONS", "PATCH")]
)
def test_a_path_of_editors_alone_has_no_answer_for_other_pages(
    method: str, wanted: str | None, origin: str
) -> None:
    asked = {} if wanted is None else {"Access_Control_Request_Method": wanted}

    answer = sent(method, "/editor/blocks", Origin=origin, **asked)

    assert answer.status == (405 if method == "PUT" else 204)
    assert allowed(answer) == (DESK if origin == DESK else None)


@pytest.mark.parametrize("origin", ["https://a.example:8443", "http://a.example:443"])
def test_a_port_that_browsers_write_may_be_listed(origin: str) -> None:
    listed = settings.Settings({"STAGE": "prod", "CORS_ORIGINS": origin})

    assert listed.cors_origins == (origin,)


def test_editors_pages_are_named_one_by_one(setting: Setting, shelf: Api) -> None:
    setting(CORS_EDITOR_ORIGINS="*")

    assert shelf.get("/editor/blocks", Origin=DESK).status == 500


def test_a_list_is_checked_before_it_is_needed(setting: Setting) -> None:
    setting(CORS_EDITOR_ORIGINS="nowhere")

    with pytest.raises(settings.SettingsError, match="CORS_EDITOR_ORIGINS"):
        secrets.probe()


def test_what_is_exposed_are_fields_that_we_send() -> None:
    assert {"ETag", "RateLimit-Reset"} <= {*cors.EXPOSED.split(", ")}

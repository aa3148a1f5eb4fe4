"""Editors' routes open to a key whose hash is stored, and to nothing else."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from app import app
from chalicelib.api import openapi
from chalicelib.errors import ForbiddenError, UnauthorizedError
from chalicelib.guard import editors, tokens
from chalicelib.model import SCOPES, Editor
from tests import builders, rows
from tests.client import EDITOR_KEY, Answer, Api

REVIEW = rows.review()
HASH = hashlib.sha256(EDITOR_KEY.encode()).hexdigest()
BASIC = base64.b64encode(f"ada:{EDITOR_KEY}".encode()).decode()
EDITORS_ROUTES = [
    (method, path.format(slug=builders.SLUG, id=REVIEW.id, revision=1))
    for path, method, _, contract in openapi.routes_of(app)
    if contract.security == "editor"
]
REFUSED = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer wrong",
    EDITOR_KEY,
    f"Basic {BASIC}",
    f"Basic {EDITOR_KEY}",
    f"Token {EDITOR_KEY}",
    f"Bearer: {EDITOR_KEY}",
    f"Bearer={EDITOR_KEY}",
    f"Bearer\t{EDITOR_KEY}",
    f"Bearer Bearer {EDITOR_KEY}",
    f"Bearer {EDITOR_KEY} {EDITOR_KEY}",
    f"Bearer {EDITOR_KEY},{EDITOR_KEY}",
    f"Bearer {EDITOR_KEY[:-1]}",
    f"Bearer {EDITOR_KEY}x",
    f"Bearer {EDITOR_KEY.upper()}",
    f"Bearer {HASH}",
    f"Bearer ada:{HASH}",
    f"Bearer {tokens.issue(REVIEW)}",
    "Bearer \u00e9\udcff\U0001f52d",
]


@pytest.fixture
def closed() -> Api:
    """A client of an app that stores nothing: who is refused gets to no table."""
    return Api(app)


def key_of(name: str) -> str:
    return f"the-key-of-{name}"


def entry(name: str, key: str | None = None) -> str:
    return f"{name}:{hashlib.sha256((key or key_of(name)).encode()).hexdigest()}"


def enter(api: Api, authorization: str) -> Answer:
    return api.get("/editor/articles", Authorization=authorization)


def test_the_editors_routes_are_those_of_the_design() -> None:
    assert {(method, path.replace(REVIEW.id, "{id}")) for method, path in EDITORS_ROUTES} >= {
        *((method, "/articles/first-light") for method in ("PUT", "PATCH", "DELETE")),
        *((method, "/editor/articles") for method in ("GET", "HEAD")),
        *((method, "/editor/reviews") for method in ("GET", "HEAD")),
        ("POST", "/editor/reviews/decisions"),
        ("PUT", "/editor/articles/first-light/reviews/{id}/reply"),
    }


def test_everything_under_editor_is_for_editors() -> None:
    open_to_others = [
        path
        for path, _, _, contract in openapi.routes_of(app)
        if path.startswith("/editor/") and contract.security != "editor"
    ]

    assert open_to_others == []


@pytest.mark.parametrize(
    ("method", "path", "authorization"),
    [
        *(
            (*route, authorization)
            for route in EDITORS_ROUTES
            for authorization in (None, REFUSED[3])
        ),
        *(("GET", "/editor/articles", authorization) for authorization in REFUSED),
    ],
)
def test_no_editors_route_opens_without_a_key(
    closed: Api, method: str, path: str, authorization: str | None
) -> None:
    headers: dict[str, Any] = {} if authorization is None else {"Authorization": authorization}

    answer = closed.request(method, path, raw=b"not even read", **headers)

    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="plaudit"'
    assert answer.headers["cache-control"] == "no-store"
    assert method == "HEAD" or answer.code == "unauthorized"
    assert EDITOR_KEY not in answer.text + str(answer.headers)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_an_editors_key_is_no_readers_token(closed: Api, method: str) -> None:
    answer = closed.request(method, f"/articles/first-light/reviews/{REVIEW.id}", editor=True)

    assert (answer.status, answer.code) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == 'Bearer realm="plaudit"'


@pytest.mark.parametrize("authorization", ["Bearer {}", "bearer {}", "BEARER   {} "])
def test_the_scheme_may_be_written_in_any_case(api: Api, authorization: str) -> None:
    assert enter(api, authorization.format(EDITOR_KEY)).status == 200


@pytest.mark.parametrize("name", ["ada", "bob", "eve"])
def test_each_of_several_keys_opens(api: Api, setting: Callable[..., None], name: str) -> None:
    setting(EDITOR_KEYS=",".join(map(entry, ("ada", "bob", "eve"))))

    assert enter(api, f"Bearer {key_of(name)}").status == 200


def test_one_of_several_keys_can_be_revoked(api: Api, setting: Callable[..., None]) -> None:
    setting(EDITOR_KEYS=f"{entry('ada')},{entry('bob')}")
    before = [enter(api, f"Bearer {key_of(name)}").status for name in ("ada", "bob")]

    setting(EDITOR_KEYS=entry("ada"))

    after = [enter(api, f"Bearer {key_of(name)}").status for name in ("ada", "bob")]
    assert (before, after) == ([200, 200], [200, 401])


def test_a_key_can_be_replaced_under_its_name(setting: Callable[..., None]) -> None:
    setting(EDITOR_KEYS=f"{entry('ada', 'new')},{entry('ada', 'old')}")

    assert [editors.identify(key).name for key in ("new", "old")] == ["ada", "ada"]


@pytest.mark.parametrize("name", ["ada", "bob"])
def test_a_key_says_whose_it_is(setting: Callable[..., None], name: str) -> None:
    setting(EDITOR_KEYS=f"{entry('ada')},{entry('bob')}")

    assert editors.identify(key_of(name)).name == name


@pytest.mark.parametrize("key", [None, "", " ", EDITOR_KEY])
@pytest.mark.parametrize("keys", ["", None])
def test_without_keys_nobody_is_an_editor(
    setting: Callable[..., None], keys: str | None, key: str | None
) -> None:
    setting(EDITOR_KEYS=keys)

    with pytest.raises(UnauthorizedError):
        editors.identify(key)


def test_no_key_is_no_editor_even_if_its_hash_is_stored(setting: Callable[..., None]) -> None:
    setting(EDITOR_KEYS=f"nobody:{hashlib.sha256(b'').hexdigest()}")

    with pytest.raises(UnauthorizedError):
        editors.identify("")


def test_malformed_keys_open_nothing_and_are_not_told(
    closed: Api, setting: Callable[..., None]
) -> None:
    setting(EDITOR_KEYS=f"{entry('ada', EDITOR_KEY)},canary-4711")

    answer = closed.get("/editor/articles", editor=True)

    assert (answer.status, answer.code, "canary" in answer.text) == (500, "internal", False)


def test_every_editors_route_asks_for_a_scope() -> None:
    asked = {
        (contract.security == "editor", contract.scope in SCOPES)
        for _, _, _, contract in openapi.routes_of(app)
    }

    assert asked == {(True, True), (False, False)}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_is_good_for_its_scopes_alone(scope: str) -> None:
    others = Editor("ada", frozenset(SCOPES) - {scope})

    editors.permit(Editor("ada", frozenset({scope})), scope)
    with pytest.raises(ForbiddenError, match=scope):
        editors.permit(others, scope)

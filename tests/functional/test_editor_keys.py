"""Editors' routes open to a key whose hash is in the table, for its scopes, and to nothing else."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from app import app
from chalicelib import settings
from chalicelib.api import openapi
from chalicelib.errors import ForbiddenError, UnauthorizedError
from chalicelib.guard import editors, tokens
from chalicelib.model import SCOPES, Editor, now
from chalicelib.store import client, editor_keys
from chalicelib.store.client import ConditionFailedError
from tests import builders, rows, seeding
from tests.client import EDITOR_KEY, Answer, Api
from tests.metering import Meter

REVIEW = rows.review()
HASH = hashlib.sha256(EDITOR_KEY.encode()).hexdigest()
BASIC = base64.b64encode(f"ada:{EDITOR_KEY}".encode()).decode()
SCOPE_OF = {
    (method, path.format(slug=builders.SLUG, id=REVIEW.id, revision=1)): contract.scope
    for path, method, _, contract in openapi.routes_of(app)
    if contract.security == "editor"
}
EDITORS_ROUTES = list(SCOPE_OF)
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


def key_of(name: str) -> str:
    return f"the-key-of-{name}"


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
    api: Api, method: str, path: str, authorization: str | None
) -> None:
    headers: dict[str, Any] = {} if authorization is None else {"Authorization": authorization}

    with Meter() as meter:
        answer = api.request(method, path, raw=b"not even read", **headers)

    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="plaudit"'
    assert answer.headers["cache-control"] == "no-store"
    assert method == "HEAD" or answer.code == "unauthorized"
    assert EDITOR_KEY not in answer.text + str(answer.headers)
    assert meter.calls == []
    assert len(meter.key_reads) <= 1


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_an_editors_key_is_no_readers_token(api: Api, method: str) -> None:
    answer = api.request(method, f"/articles/first-light/reviews/{REVIEW.id}", editor=True)

    assert (answer.status, answer.code) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == 'Bearer realm="plaudit"'


@pytest.mark.parametrize("authorization", ["Bearer {}", "bearer {}", "BEARER   {} "])
def test_the_scheme_may_be_written_in_any_case(api: Api, authorization: str) -> None:
    assert enter(api, authorization.format(EDITOR_KEY)).status == 200


@pytest.mark.parametrize("name", ["bob", "eve"])
def test_each_of_several_keys_opens(api: Api, name: str) -> None:
    for one in ("bob", "eve"):
        seeding.editor_key(one, key_of(one))

    assert enter(api, f"Bearer {key_of(name)}").status == 200
    assert editors.identify(key_of(name)) == Editor(name, frozenset(SCOPES))


def test_a_revoked_key_is_shut_with_the_next_request(api: Api) -> None:
    seeding.editor_key("bob", key_of("bob"))
    before = [enter(api, f"Bearer {key}").status for key in (EDITOR_KEY, key_of("bob"))]

    table = settings.current().content_table
    revoked = [one for one in editor_keys.every(table) if one.name == "bob"]
    editor_keys.revoke(table, revoked, now())

    after = [enter(api, f"Bearer {key}").status for key in (EDITOR_KEY, key_of("bob"))]
    assert (before, after) == ([200, 200], [200, 401])


def test_a_key_is_revoked_once_and_keeps_its_time(api: Api) -> None:
    table = settings.current().content_table
    first, later = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)

    for at in (first, later):
        editor_keys.revoke(table, editor_keys.every(table), at)

    assert [one.revoked_at for one in editor_keys.every(table)] == [first]


def test_a_key_that_is_there_is_not_made_again(api: Api) -> None:
    with pytest.raises(ConditionFailedError):
        seeding.editor_key("eve", EDITOR_KEY)


@pytest.mark.parametrize("key", [None, "", " ", "key", HASH])
def test_any_other_key_is_nobodys(api: Api, key: str | None) -> None:
    with pytest.raises(UnauthorizedError):
        editors.identify(key)


def test_no_key_is_no_editor_even_if_its_hash_is_stored(api: Api) -> None:
    seeding.editor_key("nobody", "")

    with pytest.raises(UnauthorizedError):
        editors.identify("")


def test_who_cannot_be_looked_up_is_not_let_in(api: Api) -> None:
    with unreachable():
        answer = api.get("/editor/articles", editor=True)

    assert (answer.status, answer.code) == (503, "unavailable")


@contextmanager
def unreachable() -> Iterator[None]:
    """A DynamoDB that does not answer."""

    def fail(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    events = client.dynamodb().meta.events
    events.register("before-call.dynamodb", fail)
    yield
    events.unregister("before-call.dynamodb", fail)


@pytest.mark.parametrize(("method", "path"), EDITORS_ROUTES)
def test_who_asks_is_one_read_unit_of_every_editors_route(api: Api, method: str, path: str) -> None:
    with Meter() as meter:
        api.request(method, path, {}, editor=True)

    (read,) = meter.key_reads
    assert (read.operation, read.parameters["ConsistentRead"], read.read_units) == (
        "GetItem",
        True,
        1,
    )


@pytest.mark.parametrize(("method", "path"), EDITORS_ROUTES)
def test_a_key_without_the_scope_is_403_before_anything_is_read(
    api: Api, method: str, path: str
) -> None:
    wanted = SCOPE_OF[method, path]
    seeding.editor_key("bob", key_of("bob"), [one for one in SCOPES if one != wanted])

    with Meter() as meter:
        answer = api.request(method, path, {}, Authorization=f"Bearer {key_of('bob')}")

    assert answer.status == 403
    assert method == "HEAD" or answer.code == "forbidden"
    assert meter.calls == []


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

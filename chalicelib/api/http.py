"""
The protocol: routes, ETags and problem+json, once for every resource.

Chalice answers some errors itself, in a shape of its own and partly without
CORS headers. So every method of every path is routed, no content type is left
for Chalice to check, and errors become responses here, inside the view.
github.com/aws/chalice/issues/960
"""

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import unquote

from chalice.app import Blueprint, Chalice, Request, Response

from chalicelib import logs
from chalicelib.api import cors
from chalicelib.errors import (
    ArticleNotFoundError,
    ForbiddenError,
    InternalError,
    InvalidCursorError,
    InvalidRequestError,
    MethodNotAllowedError,
    PlauditError,
    ReviewNotFoundError,
    RevisionRequiredError,
    StaleRevisionError,
)
from chalicelib.guard import editors
from chalicelib.metrics import Measured
from chalicelib.model import Editor
from chalicelib.rules import text
from chalicelib.store import aliases

_Done = TypeVar("_Done")
Json: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[..., Response]
Headers: TypeAlias = dict[str, str | list[str]]

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PROBLEM_TYPE: Final = "application/problem+json"
SECURITY_HEADERS: Final[Headers] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
# Browsers ask every time and mostly get a 304; a CDN answers for half a minute
# and a little longer while it asks.
PUBLIC_CACHE: Final = "public, max-age=0, s-maxage=30, stale-while-revalidate=60"
NO_STORE: Final = "no-store"

_encode: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_ETAG = re.compile(r'(?:W/)?"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Contract:
    """
    What a route promises, for the OpenAPI document.

    Attributes:
        status: Of success.
        answer: Name of the schema of the answer; None for an empty one.
        body: Name of the schema of the request's body.
        query: Names of the query parameters.
        errors: Problems that are this route's own.
        security: `editor`, `reader` or None for anyone.
        scope: What an editor's key must be good for, one of `SCOPES`.
        is_limited: Whether the answer says what is left for the sender's network.
        media: Media type of the answer.
        moves: Whether what was asked for may have another address now, 308.
    """

    status: int = 200
    answer: str | None = None
    body: str | None = None
    query: tuple[str, ...] = ()
    errors: tuple[type[PlauditError], ...] = ()
    security: str | None = None
    scope: str = ""
    is_limited: bool = False
    media: str = "application/json"
    moves: bool = False


_ANYONES: Final = Contract()
_AN_ALIAS_MAY_EXPLAIN: Final = (
    ArticleNotFoundError,
    ReviewNotFoundError,
    InvalidCursorError,
    ForbiddenError,
)


def route(
    blueprint: Blueprint, method: str, path: str, contract: Contract
) -> Callable[[Handler], Handler]:
    """
    Put a handler at a path.

    The handler gets the request, the editor where the route is one of theirs, and
    the path's parameters, decoded once. What is read may also be asked for by HEAD.

    Args:
        method: One of `METHODS` but HEAD.
        path: `/articles/{slug}`.
    """

    def register(handler: Handler) -> Handler:
        @wraps(handler)
        def view(**parameters: str) -> Response:
            return respond(blueprint.current_request, handler, parameters, contract)

        view.contract = contract  # type: ignore[attr-defined]
        methods = ["GET", "HEAD"] if method == "GET" else [method]
        blueprint.route(path, methods=methods, content_types=[])(view)
        return handler

    return register


def complete(app: Chalice) -> None:
    """Answer every other method of every path: preflights, and 405 in our own shape."""
    for path, entries in app.routes.items():
        served = [method for method in METHODS if method in entries]
        others = [method for method in METHODS if method not in entries]
        allow = ", ".join([*served, "OPTIONS"])
        audiences = _by_audience(entries)
        refusal = _refusal(app, allow, to_editors=not audiences[False])
        preflight = _preflight(app, allow, audiences)
        app.route(path, methods=others, content_types=[])(refusal)
        app.route(path, methods=["OPTIONS"], content_types=[])(preflight)


def respond(
    request: Request,
    handler: Handler,
    parameters: Mapping[str, str],
    contract: Contract = _ANYONES,
    *,
    to_editors: bool = False,
) -> Response:
    """
    Run a handler and give its answer or the problem that it raised.

    Args:
        to_editors: Whether the answer is for editors' pages, as all are that need an editor's key.
    """
    started = time.perf_counter()
    editor: Editor | None = None
    grant: dict[str, str] = {}
    request_id = str(getattr(request.lambda_context, "aws_request_id", "") or "")
    try:
        is_editors = to_editors or contract.security == "editor"
        grant = cors.granted(header(request, "Origin"), to_editors=is_editors)
        decoded = {name: unquote(value) for name, value in parameters.items()}
        call = partial(handler, request)
        if contract.security == "editor":
            editor = editors.identify(bearer(request))
            editors.permit(editor, contract.scope)
            call = partial(handler, request, editor)
        response = _at_home(call, decoded)
    except PlauditError as error:
        if error.status >= InternalError.status:
            logs.failure(error.code, error, route=request.path, request_id=request_id)
        response = problem(error, request_id)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        logs.failure("request failed", error, route=request.path, request_id=request_id)
        response = problem(InternalError(), request_id)
    response.headers = SECURITY_HEADERS | cors.of_answer(grant) | response.headers
    if request.method == "HEAD":
        response.body = ""
    milliseconds = round((time.perf_counter() - started) * 1000, 1)
    failed = int(response.status_code >= InternalError.status)
    logs.write(
        "request",
        measured=Measured({"Requests": 1, "ServerErrors": failed, "Latency": milliseconds}, {}),
        method=request.method,
        route=request.path,
        status=response.status_code,
        editor=editor and editor.name,
        ms=milliseconds,
        request_id=request_id,
    )
    return response


def _at_home(call: Handler, parameters: Mapping[str, str]) -> Response:
    slug = parameters.get("slug", "")
    return at_home(slug, lambda home: call(**{**parameters, "slug": home} if slug else parameters))


def at_home(slug: str, work: Callable[[str], _Done]) -> _Done:
    """
    Do something with the slug under which an article's rows stand, if it got this one later.

    Which costs a read only where the answer would be that there is no such thing, or that a token
    or cursor is another's: those are made for the first slug.
    """
    home = aliases.home(slug)
    try:
        return work(home)
    except _AN_ALIAS_MAY_EXPLAIN:
        found = aliases.find(slug) if home == slug and text.SLUG.fullmatch(slug) else None
        if found is None:
            raise
    return work(found)


def problem(error: PlauditError, request_id: str) -> Response:
    """Write an error as RFC 9457 says."""
    body: Json = {
        "type": f"urn:plaudit:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.explanation,
        "code": error.code,
        "request_id": request_id,
        **error.members,
    }
    if error.problems:
        body["errors"] = [
            {"pointer": one.pointer, "code": one.code, "message": one.message}
            for one in error.problems
        ]
    headers: Headers = {"Content-Type": PROBLEM_TYPE, "Cache-Control": NO_STORE, **error.headers}
    if error.retry_after is not None:
        headers.setdefault("Retry-After", str(error.retry_after))
    return Response(dump(body), headers, error.status)


def private(
    body: Json | None, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """
    Answer something that no cache may keep.

    Args:
        body: None for 204.
    """
    named: Headers = {"Cache-Control": NO_STORE, **(headers or {})}
    if body is None:
        return Response("", named, 204)
    return Response(dump(body), {"Content-Type": "application/json", **named}, status)


def public(request: Request, body: Json, revision: int | None = None) -> Response:
    """
    Answer what anyone may read: with a strong ETag, or 304 without a body.

    Args:
        revision: Put into the ETag of what can be changed with `If-Match`.
    """
    text = dump(body)
    tag = etag(text, revision)
    headers: Headers = {"ETag": tag, "Cache-Control": PUBLIC_CACHE}
    wanted = header(request, "If-None-Match")
    if wanted is not None and (wanted.strip() == "*" or tag.strip('"') in _ETAG.findall(wanted)):
        return Response("", headers, 304)
    return Response(text, headers | {"Content-Type": "application/json"}, 200)


def named(request: Request, name: str) -> str:
    """Give a path's parameter as the client wrote it, decoded once."""
    return unquote((request.uri_params or {}).get(name, ""))


def moved(request: Request, name: str) -> Response:
    """Send on to a neighbour of what was asked for, which is not at its old address any more."""
    location = f"{_path(request).rpartition('/')[0]}/{name}"
    return Response("", {"Location": location, "Cache-Control": PUBLIC_CACHE}, 308)


def dump(body: Json) -> str:
    """Write compact JSON with a line end, for terminals; other scripts stay readable."""
    return _encode(body) + "\n"


def etag(text: str, revision: int | None = None) -> str:
    """
    Give the strong ETag of a body: `"<revision>-<hash>"`, or the hash alone.

    The hash covers every byte, so that a new tally or a new release changes it.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()[:20]
    return f'"{digest}"' if revision is None else f'"{revision}-{digest}"'


def expected_revision(request: Request) -> int | None:
    """
    Read which revision of an article a change was made from.

    Only the revision in the ETag counts: a review that was counted meanwhile
    is no reason to refuse an editor. A weak form is taken too, for CDNs weaken
    ETags when they compress.

    Returns:
        The revision, 1 or more; None for `*`, whatever there is.

    Raises:
        RevisionRequiredError: There is no `If-Match`.
        StaleRevisionError: It names nothing that was ever an ETag here.
    """
    given = header(request, "If-Match")
    if given is None:
        raise RevisionRequiredError
    if given.strip() == "*":
        return None
    for tag in _ETAG.findall(given):
        revision = tag.partition("-")[0]
        if re.fullmatch(r"[1-9][0-9]{0,15}", revision):
            return int(revision)
    raise StaleRevisionError


def known_slug(slug: str) -> str:
    """
    Give a slug that an article can have.

    Raises:
        ArticleNotFoundError: No article can have it.
    """
    if text.SLUG.fullmatch(slug) is None:
        raise ArticleNotFoundError
    return slug


def header(request: Request, name: str) -> str | None:
    """Give a header's value, whatever the spelling of its name."""
    value: str | None = request.headers.get(name)
    return value


def source_address(request: Request) -> str:
    """
    Give where a request came from.

    API Gateway says it; what a client says of itself, in `X-Forwarded-For` or elsewhere,
    is not looked at.
    """
    address: str = request.context.get("identity", {}).get("sourceIp") or ""
    return address


def path_below(request: Request, name: str) -> str:
    """Give the path of what a request to a collection made."""
    return f"{_path(request)}/{name}"


def _path(request: Request) -> str:
    """Give a request's path as the client knows it: with `/v1`, and without a slash at its end."""
    path: str = request.context.get("path", "")
    return path.rstrip("/")


def bearer(request: Request) -> str | None:
    """Give what follows `Bearer` in `Authorization`."""
    scheme, _, credential = (header(request, "Authorization") or "").partition(" ")
    return credential.strip() if scheme.lower() == "bearer" and credential.strip() else None


def parameter(request: Request, name: str) -> str | None:
    """Give a query parameter as it was sent; the last one wins."""
    value: str | None = request.query_params.get(name) if request.query_params else None
    return value


def query(request: Request, name: str, longest: int = 512) -> str | None:
    """
    Give a query parameter.

    Raises:
        InvalidRequestError: It is empty or too long.
    """
    value = parameter(request, name)
    if value is None:
        return None
    if not value or len(value) > longest:
        raise InvalidRequestError(f"The parameter {name} must have 1 to {longest} characters.")
    return value


def choice(request: Request, name: str, allowed: tuple[str, ...]) -> str:
    """
    Give a query parameter that is one of a few; the first unless told.

    Raises:
        InvalidRequestError: It is something else.
    """
    value = query(request, name) or allowed[0]
    if value not in allowed:
        raise InvalidRequestError(f"The parameter {name} must be one of {', '.join(allowed)}.")
    return value


def limit(request: Request) -> int:
    """
    Give the page's size, 1 to 100, 20 unless told.

    Raises:
        InvalidRequestError: It is something else.
    """
    value = query(request, "limit") or "20"
    if not re.fullmatch(r"[1-9][0-9]?|100", value, re.ASCII):
        raise InvalidRequestError("The parameter limit must be a number from 1 to 100.")
    return int(value)


def _refusal(app: Chalice, allow: str, *, to_editors: bool) -> Callable[..., Response]:
    def refuse(_: Request, **__: str) -> Response:
        raise MethodNotAllowedError(headers={"Allow": allow})

    def method_not_allowed(**parameters: str) -> Response:
        return respond(_current(app), refuse, parameters, to_editors=to_editors)

    return method_not_allowed


def _preflight(
    app: Chalice, allow: str, methods: Mapping[bool, Sequence[str]]
) -> Callable[..., Response]:
    """
    Make the view that tells a browser what a page may send.

    Args:
        methods: That the path takes from editors' pages, and from others.
    """

    def preflight(**parameters: str) -> Response:
        request = _current(app)
        wanted = header(request, "Access-Control-Request-Method")
        to_editors = wanted in methods[True] or not methods[False]

        def answer(request: Request, **_: str) -> Response:
            grant = cors.granted(header(request, "Origin"), to_editors=to_editors)
            is_served = wanted in methods[to_editors]
            told = cors.of_preflight(grant, methods[to_editors]) if is_served else {}
            return Response("", {"Allow": allow, "Cache-Control": NO_STORE, **told}, 204)

        return respond(request, answer, parameters, to_editors=to_editors)

    return preflight


def _by_audience(entries: Mapping[str, Any]) -> dict[bool, list[str]]:
    """Part a path's methods into those that need an editor's key and the others."""
    by: dict[bool, list[str]] = {True: [], False: []}
    for method, entry in entries.items():
        contract = getattr(entry.view_function, "contract", None)
        by[contract is not None and contract.security == "editor"].append(method)
    return by


def _current(app: Chalice) -> Request:
    request: Request | None = app.current_request
    assert request is not None  # noqa: S101 - a view runs within a request
    return request

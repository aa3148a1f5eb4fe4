"""
The OpenAPI 3.1 document, made from the route table and the pydantic models.

Nothing is listed here that is not looked up: a route brings its contract and
its docstring, a model its schema, an error its status and title.

Source:
    spec.openapis.org/oas/v3.1.0
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from chalice.app import Chalice
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chalicelib import settings
from chalicelib.api import answers, notifications, schemas
from chalicelib.api.http import PROBLEM_TYPE, Contract
from chalicelib.errors import (
    RATE_LIMIT_FIELDS,
    ForbiddenError,
    InternalError,
    MethodNotAllowedError,
    PlauditError,
    RevisionRequiredError,
    RouteNotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
)
from chalicelib.model import ArticleStatus
from chalicelib.rules import text
from chalicelib.store import keys

Json = dict[str, Any]

_EVERYWHERE: Final = (InternalError, TooManyRequestsError, UnavailableError)
_PATH_PARAMETERS: Final = {
    "slug": {"type": "string", "pattern": f"^{text.SLUG.pattern}$"},
    "id": {"type": "string", "pattern": f"^{text.ULID.pattern}$"},
    "token": {"type": "string", "minLength": 1},
    "revision": {"type": "integer", "minimum": 1, "maximum": 9_999_999_999},
}
_QUERY_PARAMETERS: Final = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
    "cursor": {"type": "string", "minLength": 1, "maxLength": 512},
    "tag": {"type": "string", "pattern": f"^{text.TAG.pattern}$"},
    "author": {"type": "string", "minLength": 1, "maxLength": 80},
    "article": {"type": "string", "pattern": f"^{text.SLUG.pattern}$"},
    "reason": {"type": "string", "pattern": "^[a-z_]{1,40}$"},
    "stars": {"type": "integer", "minimum": 1, "maximum": 5},
    "against": {"type": "integer", "minimum": 1, "maximum": 9_999_999_999},
}
_CHOICES: Final[dict[tuple[str, str], list[str | None]]] = {
    ("/articles", "sort"): ["newest", "top"],
    ("/articles/{slug}/reviews", "sort"): ["newest", "oldest", "highest", "lowest", "helpful"],
    ("/editor/articles", "status"): [None, *map(str, ArticleStatus)],
    ("/editor/reviews", "status"): [*map(str, keys.QUEUES)],
    ("/editor/notifications", "status"): [*notifications.QUEUES],
}
"""The first is taken unless told; None is for no choice."""
_HEADERS: Final = {
    "If-Match": "ETag of the article that the change was made from.",
    "If-None-Match": "ETag that the client has, or for PUT `*` to create only.",
    "Idempotency-Key": "1 to 255 visible characters; the same for a repetition.",
}


def describe(app: Chalice) -> Json:
    """
    Write the document.

    Args:
        app: With all blueprints registered.
    """
    paths: Json = {}
    for path, method, view, contract in routes_of(app):
        paths.setdefault(path, {})[method.lower()] = _operation(path, method, view, contract)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Plaudit",
            "version": settings.current().release,
            "summary": "Articles and their reviews.",
            "description": "Every error is application/problem+json (RFC 9457). "
            f"A path that does not exist answers {RouteNotFoundError.status} "
            f"`{RouteNotFoundError.code}`, a method that a path does not take "
            f"{MethodNotAllowedError.status} `{MethodNotAllowedError.code}`.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "."}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "editor": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An editor's key, or the token of the site's OpenID Connect "
                    "provider. What either is good for: write, moderate, privacy.",
                },
                "reader": {"type": "http", "scheme": "bearer", "description": "A manage_token."},
            },
        },
    }


def routes_of(app: Chalice) -> Iterator[tuple[str, str, Any, Contract]]:
    """Give path, method, view and contract of every route that promises something."""
    for path, entries in app.routes.items():
        for method, entry in entries.items():
            contract = getattr(entry.view_function, "contract", None)
            if contract is not None:
                yield path, method, entry.view_function, contract


def problems_of(contract: Contract) -> list[type[PlauditError]]:
    """Give every problem that a route may answer with."""
    needs_credential = [UnauthorizedError] if contract.security else []
    needs_scope = [ForbiddenError] if contract.scope else []
    return list(dict.fromkeys([*contract.errors, *needs_credential, *needs_scope, *_EVERYWHERE]))


def _operation(path: str, method: str, view: Any, contract: Contract) -> Json:
    summary, _, description = (view.__doc__ or "").strip().partition("\n")
    operation: Json = {
        "operationId": view.__name__ + ("_head" if method == "HEAD" else ""),
        "summary": summary,
        "description": " ".join(description.split()),
        "parameters": list(_parameters(path, method, contract)),
        "responses": _responses(method, contract),
    }
    if contract.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _reference(contract.body)}},
        }
    if contract.security is not None:
        operation["security"] = [{contract.security: [contract.scope] if contract.scope else []}]
    return operation


def _parameters(path: str, method: str, contract: Contract) -> Iterator[Json]:
    for part in path.split("/"):
        if part.startswith("{"):
            name = part.strip("{}")
            yield {"name": name, "in": "path", "required": True, "schema": _PATH_PARAMETERS[name]}
    for name in contract.query:
        schema = _QUERY_PARAMETERS.get(name) or _choice(_CHOICES[path, name])
        yield {"name": name, "in": "query", "schema": schema}
    for name in _header_names(path, method, contract):
        yield {
            "name": name,
            "in": "header",
            "description": _HEADERS[name],
            "schema": {"type": "string"},
        }


def _choice(choices: list[str | None]) -> Json:
    schema: Json = {"type": "string", "enum": [one for one in choices if one is not None]}
    return schema if choices[0] is None else schema | {"default": choices[0]}


def _header_names(path: str, method: str, contract: Contract) -> list[str]:
    if method in {"GET", "HEAD"}:
        return ["If-None-Match"] if _is_cached(method, contract) else []
    if path == "/articles/{slug}":
        return ["If-Match", "If-None-Match"] if method == "PUT" else ["If-Match"]
    if RevisionRequiredError in contract.errors:
        return ["If-Match"]
    return ["Idempotency-Key"] if contract.answer == "SubmittedReview" else []


def _is_cached(method: str, contract: Contract) -> bool:
    is_public = contract.security is None and contract.answer not in {"Health", "Form", "LinkPage"}
    return method in {"GET", "HEAD"} and is_public


def _responses(method: str, contract: Contract) -> Json:
    responses: Json = {}
    statuses = [contract.status]
    if contract.answer == "EditorsArticle" and contract.status == HTTPStatus.CREATED:
        statuses.append(HTTPStatus.OK)
    for status in statuses:
        responses[str(int(status))] = _success(status, method, contract)
    if _is_cached(method, contract):
        responses["304"] = {
            "description": "The client's copy is current.",
            "headers": _described("ETag", "Cache-Control"),
        }
    if contract.moves:
        responses["308"] = {
            "description": "It has another slug now.",
            "headers": _described("Location", "Cache-Control"),
        }
    by_status: dict[int, list[type[PlauditError]]] = {}
    for error in problems_of(contract):
        by_status.setdefault(error.status, []).append(error)
    for status, errors in sorted(by_status.items()):
        responses[str(status)] = _problem_response(method, errors)
    return responses


def _success(status: int, method: str, contract: Contract) -> Json:
    response: Json = {"description": HTTPStatus(status).phrase}
    if contract.answer is not None and method != "HEAD":
        response["content"] = {contract.media: {"schema": _reference(contract.answer)}}
    names = ["Cache-Control"]
    if _is_cached(method, contract):
        names.append("ETag")
    if contract.answer == "EditorsArticle":
        names.append("ETag")
    if status == HTTPStatus.CREATED:
        names.append("Location")
    if contract.is_limited:
        names += RATE_LIMIT_FIELDS
    response["headers"] = _described(*names)
    return response


def _problem_response(method: str, errors: list[type[PlauditError]]) -> Json:
    codes = list(dict.fromkeys(error.code for error in errors))
    response: Json = {
        "description": "; ".join(f"`{error.code}`: {error.title}" for error in _first_of(errors)),
    }
    if method != "HEAD":
        schema = {"allOf": [_reference("Problem"), {"properties": {"code": {"enum": codes}}}]}
        response["content"] = {PROBLEM_TYPE: {"schema": schema}}
    names = ["Retry-After"] if any(error.retry_after for error in errors) else []
    if TooManyRequestsError in errors:
        names += RATE_LIMIT_FIELDS
    if names:
        response["headers"] = _described(*names)
    return response


def _first_of(errors: list[type[PlauditError]]) -> list[type[PlauditError]]:
    return list({error.code: error for error in errors}.values())


def _described(*names: str) -> Json:
    return {name: {"schema": {"type": "string"}} for name in names}


def _reference(name: str) -> Json:
    simple = {"object": "object", "LinkPage": "string"}.get(name)
    return {"type": simple} if simple else {"$ref": f"#/components/schemas/{name}"}


def _schemas() -> Json:
    models = [
        (model, "validation" if name.endswith("In") else "serialization")
        for name, model in {**vars(schemas), **vars(answers)}.items()
        if isinstance(model, type)
        and issubclass(model, BaseModel)
        and model is not BaseModel
        and not name.startswith("_")
    ]
    _, document = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    definitions: Json = document["$defs"]
    return definitions

"""What is said about the service itself: its health and its OpenAPI document."""

from functools import cache

from chalice.app import Blueprint, Request, Response

from chalicelib import settings
from chalicelib.api import http
from chalicelib.api.http import Contract
from chalicelib.guard import editors, secrets
from chalicelib.store import articles

routes = Blueprint(__name__)


@http.route(routes, "GET", "/health", Contract(answer="Health"))
def get_health(request: Request) -> Response:
    """Tell the stage, the release and whether the tables and the secrets answer."""
    del request
    articles.probe()
    secrets.probe()
    editors.probe()
    known = settings.current()
    return http.private({"status": "ok", "stage": known.stage, "release": known.release})


@http.route(routes, "GET", "/openapi.json", Contract(answer="object"))
def get_openapi(request: Request) -> Response:
    """Describe every route in OpenAPI 3.1."""
    return http.public(request, _document())


@cache
def _document() -> http.Json:
    from chalicelib.api import openapi  # noqa: PLC0415 - the other routes need none of it

    return openapi.describe(routes.current_app)

"""
A client of the app: JSON in and out, without sockets unless told otherwise.

Every answer is held against the OpenAPI document and searched for readers.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from chalice.app import Chalice
from chalice.config import Config
from jsonschema import Draft202012Validator

from chalicelib.api import openapi
from localdev.gateway import Gateway
from tests import privacy

EDITOR_KEY = "an-editors-key-for-tests-only"


@dataclass(frozen=True)
class Answer:
    """A response. Header names are lower-cased."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        """The JSON of the body."""
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The problem's code."""
        code: str = self.body["code"]
        return code

    @property
    def codes(self) -> dict[str, str]:
        """The codes of field errors by their pointers."""
        return {error["pointer"]: error["code"] for error in self.body["errors"]}


class Sender(Protocol):
    """Carries a request to the app and gives what a Lambda answers to a gateway."""

    def handle_request(self, method: str, path: str, headers: Any, body: bytes | None) -> Any:
        """Give `statusCode`, `headers` and `body`."""


class Api:
    """Sends requests into the app as API Gateway would, or to where the app is deployed."""

    def __init__(self, app: Chalice, sender: Sender | None = None) -> None:
        self._app = app
        self._sender = sender or _in_process(app)

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        editor: bool = False,
        token: str | None = None,
        tells_reader: bool = False,
        **headers: str,
    ) -> Answer:
        """
        Send one request.

        Args:
            body: Sent as JSON.
            raw: Sent as it is, instead.
            editor: Whether to send the editor's key.
            token: A manage token to send.
            tells_reader: Whether the answer's body may hold an address: an export.
            headers: With underscores for hyphens.
        """
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if editor:
            sent["Authorization"] = f"Bearer {EDITOR_KEY}"
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            raw = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        if isinstance(body, dict) and isinstance(body.get("email"), str):
            privacy.remember(body["email"])
        response = self._sender.handle_request(method, path, sent, raw)
        headers_sent = {name.lower(): value for name, value in response["headers"].items()}
        answer = Answer(response["statusCode"], headers_sent, response["body"] or "")
        told = json.dumps(headers_sent) + ("" if tells_reader else answer.text)
        leaks = list(privacy.found_in(told))
        assert not leaks, f"{method} {path} tells about a reader: {leaks}"
        if method != "OPTIONS":
            check_contract(self._app, method, path.partition("?")[0], answer)
        return answer

    def get(self, path: str, **options: Any) -> Answer:
        """GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, body: object = None, **options: Any) -> Answer:
        """POST."""
        return self.request("POST", path, body, **options)

    def put(self, path: str, body: object = None, **options: Any) -> Answer:
        """PUT as an editor."""
        return self.request("PUT", path, body, **{"editor": True, **options})

    def patch(self, path: str, body: object = None, **options: Any) -> Answer:
        """PATCH."""
        return self.request("PATCH", path, body, **options)

    def delete(self, path: str, **options: Any) -> Answer:
        """DELETE."""
        return self.request("DELETE", path, **options)


def _in_process(app: Chalice) -> Sender:
    gateway = Gateway(app, Config())
    gateway.event_converter.LOCAL_SOURCE_IP = privacy.SOURCE_IP
    return gateway


def check_contract(app: Chalice, method: str, path: str, answer: Answer) -> None:
    """Fail unless an answer is one that the OpenAPI document describes."""
    document = described(app)
    template = _template(document, path)
    if template is None or method.lower() not in document["paths"][template]:
        assert answer.code in {"route_not_found", "method_not_allowed"}
        schema: dict[str, Any] = {"$ref": "#/components/schemas/Problem"}
    else:
        responses = document["paths"][template][method.lower()]["responses"]
        assert str(answer.status) in responses, f"{method} {path}: {answer.status} {answer.text}"
        content = responses[str(answer.status)].get("content")
        if content is None:
            assert answer.text == "", answer.text
            return
        if answer.headers["content-type"] == "text/html; charset=utf-8":
            assert "text/html" in content
            return
        assert answer.headers["content-type"] in content
        schema = content[answer.headers["content-type"]]["schema"]
    whole = {**schema, "components": document["components"]}
    Draft202012Validator(whole).validate(answer.body)


@cache
def described(app: Chalice) -> dict[str, Any]:
    """Give the OpenAPI document with every answer closed to fields that it does not name."""
    document: dict[str, Any] = json.loads(json.dumps(openapi.describe(app)))
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    return document


def _template(document: dict[str, Any], path: str) -> str | None:
    parts = path.rstrip("/").split("/")
    for template in sorted(document["paths"]):
        pattern = template.split("/")
        if len(pattern) == len(parts) and all(
            one.startswith("{") or one == other for one, other in zip(pattern, parts, strict=True)
        ):
            return str(template)
    return None

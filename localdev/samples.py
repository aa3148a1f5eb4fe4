"""Puts the sample articles and some reviews through the real API."""

import json
from pathlib import Path
from typing import Any, Final

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LocalGateway

from tools.front_matter import read

ARTICLES: Final = Path(__file__).parent / "articles"
UNREVIEWED: Final = "quiet-corner"

_OPINIONS: Final = (
    ("Ines", 5, "Clear from the first line to the last. I have sent it to two friends."),
    ("Tomás", 4, "Good, and I would have liked a second example."),
    ("Mei Lin", 5, "I came for the title and stayed for the third paragraph."),
    ("Oskar", 2, "The subject deserves more care than it gets here."),
    ("Ruth", 3, "Solid. Nothing new to me, but well put."),
)


class SampleError(Exception):
    """A sample was refused, so the API or the sample is broken."""


def load(app: Chalice, editor_key: str) -> None:
    """
    Publish the articles of `localdev/articles` and review all but one.

    Raises:
        SampleError: The API did not take one.
    """
    send = _Sender(app)
    for number, path in enumerate(sorted(ARTICLES.glob("*.md"))):
        article = read(path)
        slug = article.pop("slug")
        authorization = {"authorization": f"Bearer {editor_key}"}
        send("PUT", f"/articles/{slug}", {**article, "status": "published"}, authorization)
        if slug != UNREVIEWED:
            for name, rating, message in _OPINIONS[number % 3 : number % 3 + 3]:
                email = f"{name.lower().replace(' ', '.')}@example.com"
                review = {"name": name, "email": email, "message": message, "rating": rating}
                send("POST", f"/articles/{slug}/reviews", review, {})


class _Sender:
    """Sends requests into the app without a socket."""

    def __init__(self, app: Chalice) -> None:
        self._gateway = LocalGateway(app, Config())

    def __call__(
        self, method: str, path: str, body: dict[str, Any], headers: dict[str, str]
    ) -> None:
        content = {"content-type": "application/json", **headers}
        answer = self._gateway.handle_request(method, path, content, json.dumps(body).encode())
        if answer["statusCode"] != 201:  # noqa: PLR2004 - the contract's
            msg = f"{method} {path}: {answer['statusCode']} {answer['body']}"
            raise SampleError(msg)

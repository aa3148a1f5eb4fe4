"""
`python -m tools.smoke URL [--stage STAGE] [--release RELEASE]`: is it up and itself?

Asks a deployed API five things and changes nothing. Asks again while the API
settles: API Gateway takes some seconds to serve a new deployment everywhere.
"""

import argparse
import http.client
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tools.addresses import web_address
from tools.deployment import command
from tools.deployment.command import RefusedError

_UNKNOWN: Final = "smoke-test-of-an-article-that-is-not"
_TIMEOUT: Final = 30
"""Seconds for one answer: API Gateway gives up after 29."""
_PAUSE: Final = 2
_ATTEMPTS: Final = 15


class Answer(NamedTuple):
    """What came back: status, media type without parameters, body if it is a JSON object."""

    status: int
    media_type: str
    body: dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """
    Ask.

    Returns:
        0 when every answer was right, 1 when one was not.

    Raises:
        SystemExit: The command line cannot be read, or asks for help.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.smoke", description="Ask a deployed API whether it is up."
    )
    parser.add_argument("url", type=web_address, help="https://….execute-api.….amazonaws.com/v1")
    parser.add_argument("--stage", help="the stage that /health must name")
    parser.add_argument("--release", help="the release that /health must name")
    given = parser.parse_args(arguments)
    return command.run(
        "tools.smoke", lambda: check(given.url, stage=given.stage, release=given.release)
    )


def check(
    url: str,
    *,
    stage: str | None = None,
    release: str | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """
    Ask five things, each until the answer is right or too much time has passed.

    Raises:
        RefusedError: An answer stayed wrong; with what it was.
    """
    identity = {"status": "ok", "stage": stage, "release": release}
    asked: list[tuple[str, str, Callable[[Answer], bool]]] = [
        ("GET", "/health", lambda answer: answer.status == 200 and _says(answer, identity)),  # noqa: PLR2004
        ("GET", "/articles", lambda answer: answer.status == 200 and "items" in answer.body),  # noqa: PLR2004
        ("GET", f"/articles/{_UNKNOWN}", _problem(404, "article_not_found")),
        ("GET", f"/{_UNKNOWN}", _problem(404, "route_not_found")),
        ("POST", f"/articles/{_UNKNOWN}/reviews", _problem(400, "invalid_request")),
    ]
    for method, path, is_right in asked:
        answer = _asked(f"{url.rstrip('/')}{path}", method, is_right, pause)
        if not is_right(answer):
            msg = f"{method} {path} answered {answer.status} {json.dumps(answer.body)[:500]}"
            raise RefusedError(msg)
        command.say(f"{method:<4} {path}  {answer.status}")


def _asked(
    address: str, method: str, is_right: Callable[[Answer], bool], pause: Callable[[float], None]
) -> Answer:
    answer = _send(address, method)
    for _ in range(_ATTEMPTS):
        if is_right(answer):
            break
        pause(_PAUSE)
        answer = _send(address, method)
    return answer


def _send(address: str, method: str) -> Answer:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    body = b"" if method == "POST" else None
    try:
        request = Request(address, body, headers, method=method)  # noqa: S310 - the operator's own
        with urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            return _read(answer.status, answer)
    except HTTPError as error:
        with error:
            return _read(error.code, error)
    except (OSError, ValueError, http.client.HTTPException) as error:
        cause = error.reason if isinstance(error, URLError) else error
        return Answer(0, "", {"unreachable": str(cause)})


def _read(status: int, answer: Any) -> Answer:
    try:
        body = json.loads(answer.read())
    except ValueError:
        body = None
    media_type = answer.headers.get_content_type()
    return Answer(status, media_type, body if isinstance(body, dict) else {})


def _says(answer: Answer, expected: dict[str, str | None]) -> bool:
    return all(answer.body.get(key) == value for key, value in expected.items() if value)


def _problem(status: int, code: str) -> Callable[[Answer], bool]:
    expected = (status, "application/problem+json", code)
    return lambda answer: (answer.status, answer.media_type, answer.body.get("code")) == expected


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

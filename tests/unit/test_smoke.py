"""The smoke test tells a service that is up from one that is not."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tools import smoke
from tools.deployment.command import RefusedError

HEALTH = {"status": "ok", "stage": "dev", "release": "1"}


def right(method: str, path: str) -> tuple[int, dict[str, Any]]:
    """Answer as a deployment does."""
    if method == "POST":
        return 400, {"code": "invalid_request"}
    known: dict[str, dict[str, Any]] = {
        "/health": HEALTH,
        "/articles": {"items": [], "next_cursor": None},
    }
    if path in known:
        return 200, known[path]
    is_article = path.startswith("/articles/")
    return 404, {"code": "article_not_found" if is_article else "route_not_found"}


@contextmanager
def serving(answer: Callable[[str, str], tuple[int, dict[str, Any]]]) -> Iterator[str]:
    """Serve answers; problems have their media type."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(self.command, self.path)
            text = json.dumps(body).encode()
            self.send_response(status)
            kind = "application/json" if status == 200 else "application/problem+json"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET  # noqa: N815 - the base's name

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as above
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_service_that_is_up_passes(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(right) as url:
        assert smoke.main([f"{url}/", "--stage", "dev", "--release", "1"]) == 0

    assert capsys.readouterr().out.splitlines()[0] == "GET  /health  200"


def test_it_asks_again_until_the_service_settles() -> None:
    asked: list[str] = []
    pauses: list[float] = []

    def settling(method: str, path: str) -> tuple[int, dict[str, Any]]:
        asked.append(path)
        return (500, {}) if len(asked) < 4 else right(method, path)

    with serving(settling) as url:
        smoke.check(url, stage="dev", pause=pauses.append)

    assert asked[:4] == ["/health"] * 4
    assert len(pauses) == 3


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/health", (200, {**HEALTH, "release": "0"})),
        ("/health", (200, {**HEALTH, "stage": "prod"})),
        ("/health", (503, {"code": "unavailable"})),
        ("/articles", (200, {"message": "?"})),
        (
            "/smoke-test-of-an-article-that-is-not",
            (403, {"message": "Missing Authentication Token"}),
        ),
        ("/articles/smoke-test-of-an-article-that-is-not", (200, {})),
        ("/articles/smoke-test-of-an-article-that-is-not/reviews", (201, {})),
    ],
)
def test_a_wrong_answer_fails_and_is_told(path: str, wrong: tuple[int, dict[str, Any]]) -> None:
    def answer(method: str, asked: str) -> tuple[int, dict[str, Any]]:
        return wrong if asked == path else right(method, asked)

    with serving(answer) as url, pytest.raises(RefusedError, match=f"{path} answered {wrong[0]}"):
        smoke.check(url, stage="dev", release="1", pause=lambda _: None)


def test_nobody_there_is_told() -> None:
    with pytest.raises(RefusedError, match="unreachable"):
        smoke.check("http://127.0.0.1:1", pause=lambda _: None)

"""`python -m tools.articles load`, against the real API over a real socket."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from chalice.config import Config

from app import app
from localdev.gateway import HttpServer, RequestHandler
from tests.client import EDITOR_KEY, Api
from tools import articles
from tools.articles import Publisher

# No author, no description, an image without alternative text.
BARE = """---
slug: bare
title: "One, Two: and \\"Three\\""
published_at: 2024-03-13T00:00:00Z
image:
  url: https://example.com/bare.jpg
  alt: ""
  credit: Image created by AI
tags: [artificial-intelligence, open-source]
---

Voilà, a *text*.
"""

SAVED = '{"slug": "bare"}'
CREATED: tuple[int, dict[str, str], str] = (201, {}, SAVED)


@dataclass
class Scripted:
    """A server that gives prepared answers and keeps the requests."""

    url: str
    answers: list[tuple[int, dict[str, str], str]] = field(default_factory=list)
    seen: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def live(api: Api) -> Iterator[str]:
    """The address of the app behind a socket."""
    handler = partial(RequestHandler, app_object=app, config=Config())
    with HttpServer(("127.0.0.1", 0), handler) as server:
        yield from _serve(server)


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    script = Scripted("")

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            script.seen.append(dict(self.headers))
            status, headers, body = script.answers.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

    with HttpServer(("127.0.0.1", 0), Handler) as server:
        for script.url in _serve(server):
            yield script


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    path = tmp_path / "a-name-of-its-own.md"
    path.write_text(BARE, encoding="utf-8")
    return path


def test_loading_publishes_once_and_changes_nothing_the_second_time(
    live: str, api: Api, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = [_load(bare, url=live) for _ in range(2)]

    assert codes == [0, 0]
    assert capsys.readouterr().out == f"created    {bare}\nunchanged  {bare}\n"
    article = api.get("/articles/bare").body
    assert article["revision"] == 1
    assert article["title"] == 'One, Two: and "Three"'
    assert article["author"] is None
    assert article["description"] == ""
    assert article["image"] == {
        "url": "https://example.com/bare.jpg",
        "alt": "",
        "credit": "Image created by AI",
    }
    assert article["body_markdown"] == "Voilà, a *text*."


def test_a_changed_file_replaces_the_article(
    live: str, api: Api, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _load(bare, url=live)
    bare.write_text(BARE.replace("text", "better text"), encoding="utf-8")

    code = _load(bare, url=live)

    assert code == 0
    assert capsys.readouterr().out.splitlines()[1] == f"changed    {bare}"
    article = api.get("/articles/bare").body
    assert (article["revision"], article["body_markdown"]) == (2, "Voilà, a *better text*.")


def test_a_draft_stays_one(live: str, api: Api, bare: Path) -> None:
    bare.write_text(BARE.replace("---\n\n", "status: draft\n---\n\n"), encoding="utf-8")

    code = _load(bare, url=live)

    assert code == 0
    assert api.get("/articles/bare").code == "article_not_found"
    assert [one["slug"] for one in api.get("/editor/articles", editor=True).body["items"]] == [
        "bare"
    ]


def test_a_folder_is_loaded_in_order_and_each_failure_says_why(
    live: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "c.md": "---\ntitle: C\n---\nText",
        "a.md": "---\ntitle: ''\ntags: [One]\nlayout: post\n---\nText",
        "b.md": "Text",
        "notes.txt": "no article",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    code = _load(tmp_path, tmp_path / "missing.md", tmp_path / "empty", url=live)

    captured = capsys.readouterr()
    assert code == 1
    assert captured.out.replace(f"{tmp_path}/", "").splitlines() == [
        "failed     a.md  /title: Please enter a title.  /tags/0: Please use up to 10 tags of a-z, "
        "0-9 and hyphen.  /: Please send only the fields of the contract.  "
        "The front matter has layout, tags, title.",
        "failed     b.md  there is no front matter between two lines of ---",
        "created    c.md",
        "failed     missing.md  cannot be read: No such file or directory",
        "failed     empty  cannot be read: No such file or directory",
    ]
    assert "4 failed, 1 created" in captured.err


def test_a_folder_without_articles_fails(
    scripted: Scripted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _load(tmp_path, url=scripted.url)

    assert code == 1
    assert capsys.readouterr().out == f"failed     {tmp_path}  holds no *.md file\n"


@pytest.mark.parametrize(
    ("refusals", "outcome"),
    [
        (1, ("created", "")),
        (3, ("created", "")),
        (4, ("failed", "503 unavailable: Repeat it.")),
    ],
)
def test_unavailable_is_tried_three_times_again(
    scripted: Scripted, bare: Path, refusals: int, outcome: tuple[str, str]
) -> None:
    unavailable = json.dumps({"code": "unavailable", "detail": "Repeat it."})
    scripted.answers = [(503, {"Retry-After": "7"}, unavailable)] * refusals + [CREATED]
    pauses: list[float] = []

    published = Publisher(scripted.url, EDITOR_KEY, pauses.append).publish(bare)

    assert published == outcome
    assert pauses == [7] * min(refusals, 3)
    assert len(scripted.seen) == min(refusals + 1, 4)


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [("0", 0), ("9999", 60), ("soon", 2), ("-1", 2), (None, 2)]
)
def test_a_pause_is_what_the_api_asks_for_within_reason(
    scripted: Scripted, bare: Path, retry_after: str | None, seconds: int
) -> None:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    scripted.answers = [(503, headers, ""), CREATED]
    pauses: list[float] = []

    Publisher(scripted.url, EDITOR_KEY, pauses.append).publish(bare)

    assert pauses == [seconds]


def test_a_change_names_the_revision_that_the_api_told(scripted: Scripted, bare: Path) -> None:
    scripted.answers = [(428, {"ETag": '"4"'}, "{}"), (503, {}, ""), (200, {}, SAVED)]

    published = Publisher(scripted.url, EDITOR_KEY, lambda _: None).publish(bare)

    assert published == ("changed", "")
    assert [seen.get("If-Match") for seen in scripted.seen] == [None, '"4"', '"4"']


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            (401, {}, '{"code": "unauthorized", "detail": "Send a key."}'),
            "401 unauthorized: Send a key.",
        ),
        ((403, {}, '{"message": "Forbidden"}'), "HTTP 403"),
        ((502, {}, "<html>Bad gateway</html>"), "HTTP 502"),
        ((301, {"Location": "http://elsewhere.example/"}, ""), "HTTP 301"),
        ((200, {}, "<html>Another site</html>"), "HTTP 200"),
        ((201, {}, '{"slug": "another"}'), "HTTP 201"),
        ((422, {}, '{"code": "invalid_request", "errors": []}'), "422 invalid_request: None"),
    ],
)
def test_what_the_api_says_fits_a_line(
    scripted: Scripted, bare: Path, answer: Any, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.answers = [answer]

    _load(bare, url=scripted.url)

    (line,) = capsys.readouterr().out.splitlines()
    assert line.split(str(bare))[1].strip() == why


def test_what_could_steer_a_terminal_is_left_out(
    scripted: Scripted, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.answers = [(400, {}, '{"code": "x", "detail": "a\\u001b[2Jb\\nc"}')]

    _load(bare, url=scripted.url)

    assert capsys.readouterr().out == f"failed     {bare}  400 x: a?[2Jb?c\n"


def test_nobody_there_is_one_line_and_ends_the_run(
    bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _load(bare, bare, url="http://127.0.0.1:1/")

    assert code == 1
    assert capsys.readouterr() == ("", "Cannot reach http://127.0.0.1:1: Connection refused\n")


def test_the_key_is_taken_from_the_environment_and_shown_nowhere(
    live: str, monkeypatch: pytest.MonkeyPatch, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EDITOR_KEY", EDITOR_KEY)

    code = articles.main(["load", str(bare), "--url", live])

    assert code == 0
    assert EDITOR_KEY not in "".join(capsys.readouterr())


def _load(*paths: Path, url: str) -> int:
    return articles.main(["load", *map(str, paths), "--url", url, "--key", EDITOR_KEY])


def _serve(server: HttpServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()

"""
Publishes Markdown files: `python -m tools.articles load PATH... [--url URL]`.

Everything goes through the API, with an editor's key, so this works on any
stage. Loading the same files twice changes nothing.
"""

import argparse
import http.client
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from rich.console import Console
from rich.progress import Progress

from tools import front_matter
from tools.addresses import web_address
from tools.front_matter import FrontMatterError

MOST_RETRIES: Final = 3
LONGEST_PAUSE: Final = 60
"""Seconds; a server that asks for more is not worth waiting for."""
_TIMEOUT: Final = 30
_FINE: Final = frozenset({"created", "changed", "unchanged"})


class UnreachableError(Exception):
    """Nobody answers, so that the other files need not be tried. The message is one line."""


@dataclass(frozen=True)
class Answer:
    """
    What the API said.

    Attributes:
        body: Its JSON object; empty when it sent something else.
    """

    status: int
    headers: Message
    body: dict[str, Any]


class Publisher:
    """
    Puts articles into one Plaudit.

    Args:
        url: Where its routes start, `https://…/v1`.
        key: An editor's key.
        pause: Waits for some seconds.
    """

    def __init__(self, url: str, key: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._pause = pause

    def publish(self, path: Path) -> tuple[str, str]:
        """
        Put the article of a file; published unless its front matter has a `status`.

        Returns:
            `created`, `changed`, `unchanged` or `failed`, and why it failed.

        Raises:
            UnreachableError: Nobody answers.
        """
        if path.is_dir():
            return "failed", "holds no *.md file"
        try:
            article = {"status": "published", **front_matter.read(path)}
        except FrontMatterError as error:
            return "failed", str(error)
        slug = article.pop("slug")
        answer = self._put(slug, article)
        outcome = "unchanged"
        if answer.status == http.client.PRECONDITION_REQUIRED:
            answer = self._put(slug, article, answer.headers.get("ETag"))
            outcome = "changed"
        if answer.body.get("slug") != slug:
            return "failed", explain(answer, article)
        return ("created" if answer.status == http.client.CREATED else outcome), ""

    def _put(self, slug: str, article: dict[str, Any], revision: str | None = None) -> Answer:
        """Send an article, again while the API asks for it; a PUT takes effect once."""
        for _ in range(MOST_RETRIES):
            answer = self._send(slug, article, revision)
            if answer.status != http.client.SERVICE_UNAVAILABLE:
                return answer
            self._pause(_seconds(answer.headers.get("Retry-After")))
        return self._send(slug, article, revision)

    def _send(self, slug: str, article: dict[str, Any], revision: str | None) -> Answer:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        if revision is not None:
            headers["If-Match"] = revision
        address = f"{self._url}/articles/{quote(slug, safe='')}"
        body = json.dumps(article).encode()
        request = Request(address, body, headers, method="PUT")  # noqa: S310 - see web_address
        try:
            with urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
                return Answer(answer.status, answer.headers, _object(answer.read()))
        except HTTPError as error:
            with error:
                return Answer(error.code, error.headers, _object(error.read()))
        except (OSError, http.client.HTTPException) as error:
            cause = error.reason if isinstance(error, URLError) else error
            reason = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
            msg = f"Cannot reach {self._url}: {_one_line(reason)}"
            raise UnreachableError(msg) from error


def main(arguments: list[str]) -> int:
    """
    Load what the arguments name.

    Returns:
        0 when all is well, 1 when a file failed, 2 when the arguments are wrong.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    key = given.key or os.environ.get("EDITOR_KEY", "")
    if not key:
        parser.error("an editor's key is needed: set EDITOR_KEY or give --key")
    if not key.isascii() or not key.isprintable() or " " in key:
        parser.error("the editor's key must be of visible ASCII characters")
    return load(given.path, Publisher(given.url, key))


def load(paths: list[Path], publisher: Publisher) -> int:
    """
    Publish files, with a line for each on standard output.

    Args:
        paths: Files, and folders with `*.md` in them.

    Returns:
        0 when all is well, 1 when one failed.
    """
    counted: Counter[str] = Counter()
    files = list(_files(paths))
    # "Interactive" keeps Rich from adding an empty line where nobody watches.
    console = Console(stderr=True, force_interactive=True)
    # Lines for a terminal go above the bar; a file or a pipe gets them as they are.
    with Progress(console=console, redirect_stdout=sys.stdout.isatty()) as progress:
        bar = progress.add_task("Publishing", total=len(files))
        for path in files:
            try:
                outcome, why = publisher.publish(path)
            except UnreachableError as error:
                progress.live.transient = True
                progress.stop()
                sys.stderr.write(f"{error}\n")
                return 1
            counted[outcome] += 1
            line = f"{outcome:<9}  {path}  {why}".rstrip()
            sys.stdout.write(f"{_one_line(line)}\n")
            sys.stdout.flush()
            said = ", ".join(f"{number} {name}" for name, number in counted.items())
            progress.update(bar, advance=1, description=said)
    return 0 if counted.keys() <= _FINE else 1


def explain(answer: Answer, article: dict[str, Any]) -> str:
    """Say in one line why an article was refused: each field, or the problem."""
    problem = answer.body
    if "code" not in problem:
        return f"HTTP {answer.status}"
    fields = problem.get("errors") or []
    said = [f"{one.get('pointer') or '/'}: {one.get('message')}" for one in fields]
    if any(one.get("code") == "unknown_field" for one in fields):
        names = sorted(article.keys() - {"status", "body_markdown"})
        said.append(f"The front matter has {', '.join(names)}.")
    return "  ".join(said) or f"{answer.status} {problem['code']}: {problem.get('detail')}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.articles")
    verbs = parser.add_subparsers(required=True, metavar="load")
    verb = verbs.add_parser(
        "load",
        help="publish Markdown files",
        description="Publish Markdown files with YAML front matter through the API.",
    )
    verb.add_argument("path", nargs="+", type=Path, help="a file, or a folder with *.md in it")
    verb.add_argument(
        "--url",
        type=web_address,
        default="http://127.0.0.1:8000",
        help="where the API is (%(default)s)",
    )
    verb.add_argument("--key", help="an editor's key, unless EDITOR_KEY is set")
    return parser


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        # An empty folder is named, so that it fails and is not passed over.
        yield from (sorted(path.glob("*.md")) or [path]) if path.is_dir() else [path]


def _seconds(retry_after: str | None) -> int:
    is_number = retry_after is not None and retry_after.isascii() and retry_after.isdigit()
    return min(int(retry_after), LONGEST_PAUSE) if retry_after and is_number else 2


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _one_line(text: str) -> str:
    """Leave out what could steer a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""
Publishes Markdown files: `python -m tools.articles load PATH... [--url URL]`.

Everything goes through the API, with an editor's key, so this works on any
stage. Loading the same files twice changes nothing.
"""

import argparse
import http.client
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from rich.console import Console
from rich.progress import Progress

from tools import calling, front_matter
from tools.calling import Answer, Caller, UnreachableError, one_line
from tools.front_matter import FrontMatterError

_FINE: Final = frozenset({"created", "changed", "unchanged"})


class Publisher:
    """
    Puts articles into one Plaudit.

    Args:
        url: Where its routes start, `https://…/v1`.
        key: An editor's key.
        pause: Waits for some seconds.
    """

    def __init__(self, url: str, key: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._caller = Caller(url, key, pause)

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
        headers = {} if revision is None else {"If_Match": revision}
        return self._caller.send("PUT", f"/articles/{quote(slug, safe='')}", article, **headers)


def main(arguments: list[str]) -> int:
    """
    Load what the arguments name.

    Returns:
        0 when all is well, 1 when a file failed, 2 when the arguments are wrong.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    return load(given.path, Publisher(given.url, calling.editor_key(parser, given)))


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
            sys.stdout.write(f"{one_line(line)}\n")
            sys.stdout.flush()
            said = ", ".join(f"{number} {name}" for name, number in counted.items())
            progress.update(bar, advance=1, description=said)
    return 0 if counted.keys() <= _FINE else 1


def explain(answer: Answer, article: dict[str, Any]) -> str:
    """Say in one line why an article was refused: each field, or the problem."""
    fields = answer.body.get("errors") or []
    said = [answer.problem or f"HTTP {answer.status}"]
    if any(one.get("code") == "unknown_field" for one in fields):
        names = sorted(article.keys() - {"status", "body_markdown"})
        said.append(f"The front matter has {', '.join(names)}.")
    return "  ".join(said)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.articles")
    verbs = parser.add_subparsers(required=True, metavar="load")
    verb = verbs.add_parser(
        "load",
        help="publish Markdown files",
        description="Publish Markdown files with YAML front matter through the API.",
    )
    verb.add_argument("path", nargs="+", type=Path, help="a file, or a folder with *.md in it")
    calling.add_arguments(verb)
    return parser


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        # An empty folder is named, so that it fails and is not passed over.
        yield from (sorted(path.glob("*.md")) or [path]) if path.is_dir() else [path]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""
Restarts the server when a source changes, and only then.

Chalice's watcher looks at every file below the project, the virtual
environment included, once a second.
"""

import os
from collections.abc import Iterator
from typing import Final

from chalice.cli.filewatch import stat
from chalice.utils import OSUtils

_ENDINGS: Final = (".py", ".md", ".json", ".yaml", ".html")
_ELSEWHERE: Final = frozenset({"__pycache__", "tests", "docs", "bench"})


class SourceTree(OSUtils):
    """The project without what a running server does not read."""

    def walk(
        self, path: str, followlinks: bool = False
    ) -> Iterator[tuple[str, list[str], list[str]]]:
        """Give folders and files as `os.walk` does."""
        for folder, below, files in os.walk(path, followlinks=followlinks):
            below[:] = [
                name
                for name in below
                if name not in _ELSEWHERE and (name == ".chalice" or not name.startswith("."))
            ]
            yield folder, below, [name for name in files if name.endswith(_ENDINGS)]


class SourceWatcher(stat.StatFileWatcher):
    """Chalice's watcher over that tree."""

    def __init__(self) -> None:
        super().__init__(SourceTree())


def install() -> None:
    """Put the watcher where `chalice local` looks for it."""
    setattr(stat, "StatFileWatcher", SourceWatcher)  # noqa: B010 - a class is no variable to mypy

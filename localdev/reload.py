"""
Restarts the server when a source changes, and only then.

Chalice's watcher looks at every file below the project, the virtual
environment included, once a second.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from chalice.cli import reloader
from chalice.cli.filewatch import stat
from chalice.utils import OSUtils

_ENDINGS: Final = (".py", ".json", ".yaml", ".html")
_ELSEWHERE: Final = frozenset({"__pycache__", "tests", "docs", "bench", "deployments", "deployed"})


class SourceTree(OSUtils):
    """The project without what a running server does not read."""

    def walk(
        self, path: str, followlinks: bool = False
    ) -> Iterator[tuple[str, list[str], list[str]]]:
        """Give folders and files as `os.walk` does."""
        for folder, below, files in os.walk(path, followlinks=followlinks):
            if "pyvenv.cfg" in files:
                below.clear()
                continue
            below[:] = [name for name in below if _is_walked(name)]
            yield folder, below, [name for name in files if _is_read(folder, name)]


class SourceWatcher(stat.StatFileWatcher):
    """Chalice's watcher over that tree. It ends its process when nobody waits for it."""

    POLL_INTERVAL = 0.4  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__(SourceTree())
        self._parent = os.getppid()

    def _single_pass_poll(self, root_dir: str, callback: Callable[[], None]) -> None:
        if os.getppid() != self._parent:
            os._exit(1)
        super()._single_pass_poll(root_dir, callback)


def install() -> None:
    """Put the watcher where `chalice local` looks for it, also where watchdog is installed."""
    setattr(stat, "StatFileWatcher", SourceWatcher)  # noqa: B010 - a class is no variable to mypy
    setattr(reloader, "get_best_worker_process", lambda: stat.StatWorkerProcess)  # noqa: B010


def _is_walked(folder: str) -> bool:
    return folder == ".chalice" or not (folder in _ELSEWHERE or folder.startswith("."))


def _is_read(folder: str, name: str) -> bool:
    is_article = name.endswith(".md") and Path(folder).name == "articles"
    return is_article or name.endswith(_ENDINGS)

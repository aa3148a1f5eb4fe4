"""The README's commands do what the README says."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
MADE_BY_MAKE = re.compile(r"^(git clone .*|make ([a-z]+)(?: [A-Z]+=\w+)*)$", re.MULTILINE)
KEY = "the-key-of-this-run"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server started as `make run` starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "localdev", str(free)]
    environment = {**os.environ, "EDITOR_KEY": KEY, "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    ) as server:
        try:
            _wait_for(f"http://127.0.0.1:{free}/health")
            yield free
        finally:
            # Not Ctrl-C, to which all are deaf that a script starts in the background.
            server.terminate()
            server.wait(10)


def test_first_screen_ends_with_a_changed_tally(port: int) -> None:
    before, posted, after = _run(BLOCKS[1], port)

    assert posted["status"] == "published"
    assert after["count"] == before["count"] + 1
    assert after["total"] == before["total"] + 5


def test_shown_output_has_the_real_fields(port: int) -> None:
    shown = re.search(r"```json\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    lines = [line.replace(", …}", "}") for line in shown.group(1).splitlines()]
    first, posted, _ = [json.loads(line) for line in lines]

    real_first, real_posted, _ = _run(BLOCKS[1].replace("grace@", "hopper@"), port)

    assert list(real_first) == list(first)
    assert list(real_posted)[: len(posted)] == list(posted)


def test_loading_articles_twice_changes_nothing(port: int) -> None:
    block = next(block for block in BLOCKS if "tools.articles" in block)

    output = _shell(block, port)

    files = len(list((ROOT / "localdev" / "articles").glob("*.md")))
    assert output.count("unchanged") == files


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = {match[1] for block in BLOCKS for match in MADE_BY_MAKE.findall(block) if match[1]}

    assert {"run", "test", "check"} <= targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_no_block_is_left_out() -> None:
    other = [block for block in BLOCKS if MADE_BY_MAKE.sub("", block).strip()]

    assert len(other) == 2


def _run(block: str, port: int) -> list[Any]:
    return [json.loads(line) for line in _shell(block, port).splitlines()]


def _shell(block: str, port: int) -> str:
    script = (
        block.replace("localhost:8000", f"127.0.0.1:{port}")
        .replace("EDITOR_KEY=…", f"EDITOR_KEY={KEY}")
        .replace(".venv/bin/python", sys.executable)
        .replace("tools.articles load", f"tools.articles load --url http://127.0.0.1:{port}")
    )
    done = subprocess.run(  # noqa: S603
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)

"""
schemathesis reads `/openapi.json` of a running server and sends what fits it and what does not.

It looks for 5xx, for statuses, media types, header fields and bodies that the document does not
describe, for bad requests that are taken, for methods that are not refused, and for routes that
open without their key. What fits the document and is refused all the same is no fault: times must
have passed, names must be visible, a revision must be the newest, and no JSON Schema says so.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.packaging.local_server import LocalServer, copy_project

pytestmark = pytest.mark.slow

EXAMPLES: Final = 12
"""For each operation, besides the fixed ones at every border of its schema."""
_KEY: Final = "an-editors-key-for-the-fuzzer"
_SETTINGS: Final = """
[generation]
# Unknown parameters are ignored, as docs/api.md says.
allow-extra-parameters = false
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A server with the sample articles, and without limits: 429 would hide all else."""
    root = copy_project(tmp_path_factory.mktemp("fuzzed"))
    started = LocalServer(root, root.parent / "output", EDITOR_KEY=_KEY, LIMITS="off")
    try:
        started.wait_for_an_answer()
        yield started
    finally:
        started.stop()


def fuzz(server: LocalServer, directory: Path, *more: str) -> subprocess.CompletedProcess[str]:
    (directory / "schemathesis.toml").write_text(_SETTINGS)
    return subprocess.run(  # noqa: S603 - our own command
        [
            *(
                sys.executable,
                "-m",
                "schemathesis.cli",
                "--config-file",
                "schemathesis.toml",
                "run",
            ),
            f"http://127.0.0.1:{server.port}/openapi.json",
            *("--phases", "coverage,fuzzing", "--mode", "all", "--checks", "all"),
            *("--exclude-checks", "positive_data_acceptance"),
            *("--seed", "4711", "--no-shrink", "--continue-on-failure", "--warnings", "off"),
            *more,
        ],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_happens_that_the_document_does_not_say(
    server: LocalServer, tmp_path: Path
) -> None:
    done = fuzz(
        server,
        tmp_path,
        "--max-examples",
        str(EXAMPLES),
        "--header",
        f"Authorization: Bearer {_KEY}",
    )

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert "No issues found" in done.stdout


def test_a_fault_would_be_found(server: LocalServer, tmp_path: Path) -> None:
    """The document of another service is not kept, and that is seen."""
    done = fuzz(
        server,
        tmp_path,
        *("--max-examples", "1", "--max-response-time", "0.000001", "--include-path", "/health"),
    )

    assert done.returncode == 1
    assert "Response time limit exceeded" in done.stdout

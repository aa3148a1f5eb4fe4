"""The measurements run, each once; how fast anything is, no test says."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-bench" / "bin" / "python"

pytestmark = pytest.mark.slow


@pytest.mark.skipif(not PYTHON.exists(), reason="make bench has not made its environment")
def test_every_measure_gives_its_figures() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text()

    done = subprocess.run(  # noqa: S603 - our own module
        [PYTHON, "-m", "bench", "--quick", "--python", sys.executable],
        cwd=ROOT,
        env={"COLUMNS": "200", "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for title in ("Cold start", "Warm request", "Tally", "Routes", "Laptop"):
        assert f"{title}: " in done.stdout
    assert (ROOT / "docs" / "benchmarks.md").read_text() == page

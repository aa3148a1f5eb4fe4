"""Both packages of the stage dev, built once for all tests and workers of a run."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from tests.packaging.built import ROOT, Built, environment

ARCHITECTURES = ("arm64", "x86_64")


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build directory, with both packages."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    directory = base / "build"
    with (base / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not directory.exists():
            _make(["make", "--silent", ".venv-lambda/.deploy", "FALLBACK=--fallback"])
            for architecture in ARCHITECTURES:
                package(directory, architecture)
    return directory


@pytest.fixture(scope="session", params=ARCHITECTURES)
def built(request: pytest.FixtureRequest, build: Path) -> Built:
    """One package after the other."""
    return Built.of(build, request.param)


@pytest.fixture(scope="session")
def here(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of this machine's architecture, unpacked."""
    return Built.of(build, Built.architecture_here()).unpack(tmp_path_factory.mktemp("function"))


def package(directory: Path, architecture: str) -> None:
    """Package the stage dev as `make package` does."""
    command = [".venv-lambda/bin/python", "-m", "tools.package", "dev", "--fallback"]
    _make([*command, "--arch", architecture, "--build", str(directory)])


def _make(command: list[str]) -> None:
    done = subprocess.run(  # noqa: S603 - our own commands
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.fail(done.stdout + done.stderr)

"""Every handler, imported from the unpacked zip as Lambda imports it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.built import PYTHON, ask_python

pytestmark = pytest.mark.slow

RUNTIME = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3")
"""What the Lambda runtime brings."""

SCRIPT = """
import importlib, json, sys
function, runtime, module, attribute, *more = sys.argv[1:]
sys.path[:0] = [function, runtime]
compiled = []
sys.addaudithook(lambda event, found: event == "compile" and compiled.append(str(found[1])))
handler = getattr(importlib.import_module(module), attribute)
for name in more:
    importlib.import_module(name)
print(json.dumps({
    "callable": callable(handler),
    "compiled": [name for name in compiled if name.startswith(function)],
    "modules": sorted(sys.modules),
}))
"""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that has boto3 and what it needs, and nothing else."""
    directory = tmp_path_factory.mktemp("runtime")
    installed = Path(
        ask_python("import boto3, pathlib; print(pathlib.Path(boto3.__file__).parent)")
    )
    for name in RUNTIME:
        (directory / name).symlink_to(installed.parent / name)
    return directory


def load(function: Path, runtime: Path, handler: str, *more: str) -> dict[str, Any]:
    """Import a handler in a Python that has nothing but the function and the runtime."""
    module, _, attribute = handler.rpartition(".")
    done = subprocess.run(  # noqa: S603 - our own commands
        [PYTHON, "-I", "-S", "-B", "-c", SCRIPT, function, runtime, module, attribute, *more],
        env={"AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


@pytest.mark.parametrize(
    "handler",
    [
        "app.app",
        "chalicelib.workers.tally.tally_ratings",
        "chalicelib.workers.reconcile.reconcile_tallies",
        "chalicelib.workers.notify.deliver_notifications",
        "chalicelib.workers.schedule.every_minute",
    ],
)
def test_handler_is_imported_without_compiling_anything(
    here: Path, runtime: Path, handler: str
) -> None:
    loaded = load(here, runtime, handler)

    assert loaded["callable"]
    assert loaded["compiled"] == []


@pytest.mark.parametrize(
    "worker",
    [
        "tally.tally_ratings",
        "reconcile.reconcile_tallies",
        "notify.deliver_notifications",
        "schedule.every_minute",
    ],
)
def test_worker_loads_neither_the_app_nor_what_only_the_app_needs(
    here: Path, runtime: Path, worker: str
) -> None:
    loaded = load(here, runtime, f"chalicelib.workers.{worker}")

    roots = {name.split(".")[0] for name in loaded["modules"]}
    assert not roots & {"app", "pydantic", "email_validator", "markdown_it", "nh3"}


def test_all_modules_are_imported_without_what_was_left_out(here: Path, runtime: Path) -> None:
    """Those too that a route imports when it is first called."""
    found = {
        str(path.relative_to(here).with_suffix("")).replace("/", ".").removesuffix(".__init__")
        for path in (here / "chalicelib").rglob("*.py")
    }
    # Is imported where editors sign in, whose stages have more in their package.
    names = sorted(found - {"chalicelib.guard.sign_in"})

    loaded = load(here, runtime, "app.app", *names)

    assert loaded["compiled"] == []
    assert "chalicelib.api.schemas" in loaded["modules"]
    assert "pydantic_core" in loaded["modules"]
    assert not {"dns", "pydantic.v1"} & set(loaded["modules"])

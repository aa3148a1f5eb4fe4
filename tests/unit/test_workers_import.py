"""
What a cold start imports, in an interpreter of its own with an empty environment.

A worker needs neither the app nor what reads and renders requests, and nothing of the laptop
is ever deployed. Importing loads code and does nothing else.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json, sys

events = []
sys.addaudithook(lambda event, arguments: events.append((event, str(arguments[:1]))))
import {module}
seen = [one for one in events if one[0] in {watched}]
print(json.dumps([sorted(sys.modules), seen]))
"""
WATCHED = ("open", "socket.connect", "socket.getaddrinfo", "subprocess.Popen")
CODE = ("py", "pyc", "so")


class Imported(NamedTuple):
    """Names of all modules that were loaded, and what was done besides loading code."""

    modules: list[str]
    deeds: list[list[str]]


@cache
def imported(module: str) -> Imported:
    program = PROGRAM.format(module=module, watched=WATCHED)
    command = [sys.executable, "-B", "-c", program]
    done = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, check=True)  # noqa: S603
    modules, seen = json.loads(done.stdout)
    deeds = [
        [what, text] for what, text in seen if text.rstrip("',)").rpartition(".")[2] not in CODE
    ]
    return Imported(modules, deeds)


WRITES_ONLY = ["email_validator", "markdown_it", "nh3", "pydantic"]
LAPTOP = ["localdev", "moto", "tools"]
FOREIGN = {
    "app": [*WRITES_ONLY, *LAPTOP],
    "chalicelib.workers.reconcile": [*WRITES_ONLY, *LAPTOP, "app", "chalicelib.api"],
    "chalicelib.workers.tally": [*WRITES_ONLY, *LAPTOP, "app", "chalicelib.api"],
}


@pytest.mark.parametrize(("module", "foreign"), FOREIGN.items())
def test_cold_start_does_not_load(module: str, foreign: list[str]) -> None:
    modules = imported(module).modules

    assert module in modules
    assert [name for name in foreign if name in modules] == []


@pytest.mark.parametrize("module", FOREIGN)
def test_importing_does_nothing_but_load_code(module: str) -> None:
    deeds = imported(module).deeds

    assert deeds == []

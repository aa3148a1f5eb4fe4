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

from chalicelib.store import client

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
def imported(module: str, **environment: str) -> Imported:
    program = PROGRAM.format(module=module, watched=WATCHED)
    command = [sys.executable, "-B", "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)  # noqa: S603
    modules, seen = json.loads(done.stdout)
    deeds = [
        [what, text] for what, text in seen if text.rstrip("',)").rpartition(".")[2] not in CODE
    ]
    return Imported(modules, deeds)


WRITES_ONLY = ["email_validator", "markdown_it", "nh3", "pydantic"]
LAPTOP = ["localdev", "moto", "tools"]
# The SDK's resources and transfers, half of what its client takes to import.
UNUSED = ["boto3", "s3transfer"]
NOBODYS = [*WRITES_ONLY, *LAPTOP, *UNUSED]
FOREIGN = {
    "app": [
        *NOBODYS,
        "chalicelib.api.schemas",
        "chalicelib.api.openapi",
        "chalicelib.guard.intake",
        "chalicelib.rules.spam",
    ],
    "chalicelib.workers.reconcile": [*NOBODYS, "app", "chalicelib.api", "chalicelib.guard"],
    "chalicelib.workers.tally": [*NOBODYS, "app", "chalicelib.api", "chalicelib.guard"],
    "chalicelib.workers.notify": [*NOBODYS, "app", "chalicelib.api", "chalicelib.guard.intake"],
    "chalicelib.workers.schedule": [*NOBODYS, "app", "chalicelib.api", "chalicelib.guard.intake"],
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


@pytest.mark.parametrize("module", ["app", "chalicelib.workers.tally"])
def test_lambda_makes_its_client_while_it_is_initialised(module: str) -> None:
    environment = {
        "AWS_LAMBDA_FUNCTION_NAME": "plaudit-dev",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "of-the-role",
        "AWS_SECRET_ACCESS_KEY": "of-the-role",
    }

    deeds = imported(module, **environment).deeds

    assert any("dynamodb" in text and "service-2.json" in text for _, text in deeds)
    assert {what for what, _ in deeds} == {"open"}


def test_client_is_prepared_once() -> None:
    for _ in range(2):
        client.prepare({"AWS_LAMBDA_FUNCTION_NAME": "plaudit-dev"})

    assert client.dynamodb.cache_info().currsize == 1

"""
Cold starts: from the start of a process to the answer of its first invocation.

The process is Lambda's own runtime client on a package, with an environment of
its own. The packages take turns, so that what else the machine does meets all
alike, and each round gives a ratio of its own.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple, TypeAlias

from bench import dynamodb, house, runtime_api
from bench.packages import Packages


@dataclass(frozen=True, slots=True)
class Contender:
    """A package with its handler and the event that it is started for."""

    name: str
    task: Path
    handler: str
    event: dict[str, Any]


OURS: Final = "Plaudit"
BARE: Final = "bare handler"
BOTOCORE: Final = "bare handler, botocore alone"
POWERTOOLS: Final = "Powertools, pydantic"
FASTAPI: Final = "FastAPI, Mangum"
TALLY: Final = "Plaudit's tally"
UNCOMPILED: Final = "Plaudit without bytecode"


def contenders(packages: Packages) -> list[Contender]:
    """Give all that take turns."""
    get = house.get_event()
    peers = packages.peers
    return [
        Contender(OURS, packages.ours, "app.app", get),
        Contender(BARE, peers["bare"], "bare.handler", get),
        Contender(BOTOCORE, peers["botocore"], "bare.handler", get),
        Contender(POWERTOOLS, peers["powertools"], "powertools.handler", get),
        Contender(FASTAPI, peers["fast"], "fast.handler", get),
        Contender(
            TALLY,
            packages.ours,
            "chalicelib.workers.tally.tally_ratings",
            house.stream_event(1, 1),
        ),
        Contender(UNCOMPILED, packages.uncompiled, "app.app", get),
    ]


class Start(NamedTuple):
    """What one cold start took: milliseconds by the clock, and of processor time."""

    elapsed: float
    cpu: float


Starts: TypeAlias = dict[str, list[Start]]
"""Of each round, by the contender's name."""


def measure(packages: Packages, rounds: int) -> Starts:
    """Start every contender once a round."""
    all_of = contenders(packages)
    taken: Starts = {one.name: [] for one in all_of}
    with dynamodb.served() as address:
        for number in range(rounds + 1):
            for one in all_of:
                taken_once = start(one, packages.runtime, address)
                # The first round brings the files into the system's memory.
                if number:
                    taken[one.name].append(taken_once)
    return taken


def typical(starts: Sequence[Start]) -> Start:
    """Give the medians."""
    return Start(median(one.elapsed for one in starts), median(one.cpu for one in starts))


def ratio(taken: Starts, one: str, other: str) -> Start:
    """Give the medians of the rounds' ratios."""
    pairs = list(zip(taken[one], taken[other], strict=True))
    return Start(
        median(mine.elapsed / theirs.elapsed for mine, theirs in pairs),
        median(mine.cpu / theirs.cpu for mine, theirs in pairs),
    )


def start(contender: Contender, runtime: Path, dynamodb_address: str) -> Start:
    """
    Start one process, take its first answer and end it.

    Raises:
        RuntimeError: It did not answer, or with an error.
    """
    with runtime_api.offered(contender.event) as invocation:
        environment = {
            **house.ENVIRONMENT,
            "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_address,
            "AWS_LAMBDA_FUNCTION_NAME": "bench",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_RUNTIME_API": invocation.address,
            "LAMBDA_TASK_ROOT": str(contender.task),
            "PYTHONPATH": f"{contender.task}:{runtime}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": "/nonexistent",
        }
        # The base interpreter without its site directory: all that there is to
        # import is in the package and the runtime.
        command = [getattr(sys, "_base_executable", sys.executable), "-S", "-m", "awslambdaric"]
        started_at = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own arguments
            [*command, contender.handler],
            cwd=contender.task,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        with process:
            try:
                invocation.wait()
            except RuntimeError as error:
                process.kill()
                printed = process.communicate()[0].decode(errors="replace")
                msg = f"{contender.name}: {error}\n{printed}"
                raise RuntimeError(msg) from None
            process.kill()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = status
    _check(contender, invocation.answer)
    return Start(
        elapsed=(invocation.answered_at - started_at) * 1000,
        cpu=(used.ru_utime + used.ru_stime) * 1000,
    )


def _check(contender: Contender, answer: Any) -> None:
    """Hold an answer against what was asked: a refusal would be quick."""
    status = answer.get("statusCode")
    with contextlib.suppress(AttributeError):
        if status == 200 and '"count":' in answer["body"]:  # noqa: PLR2004
            return
    if answer == {"batchItemFailures": []}:
        return
    msg = f"{contender.name} answered {answer}"
    raise RuntimeError(msg)

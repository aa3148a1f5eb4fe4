"""
Warm invocations: processor time, or instructions, from Lambda's event to the handler's answer.

Each contender keeps a process of its own, `loop.py`, and they take turns.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from bench import cold, dynamodb, house
from bench.cold import Contender
from bench.packages import Packages

INVOCATIONS: Final = 100
"""In one turn."""

_LOOP: Final = Path(__file__).with_name("loop.py")
_KEYS: Final = {
    "content": {"Keys": [{name: house.article_row()[name] for name in ("pk", "sk")}]},
    "derived": {
        "Keys": [
            {name: row[name] for name in ("pk", "sk")}
            for row in (house.tally_row(), house.related_row())
        ]
    },
}
_ANSWERS: Final = {
    "BatchGetItem": dynamodb.answer("BatchGetItem", {"RequestItems": _KEYS}).decode(),
    "TransactWriteItems": "{}",
}


class Warm(NamedTuple):
    """
    What one invocation takes.

    Attributes:
        microseconds: Median of the turns, of processor time.
        ratio: To the bare handler, median of the turns.
    """

    microseconds: float
    ratio: float


def measure(packages: Packages, event: dict[str, Any], turns: int) -> dict[str, Warm]:
    """Invoke all contenders with an event, in turns."""
    with ExitStack() as stack:
        running = {
            one.name: stack.enter_context(_running(one, packages.runtime, event))
            for one in contenders(packages)
        }
        taken: dict[str, list[float]] = {name: [] for name in running}
        for turn in range(turns + 1):
            for name, process in running.items():
                microseconds = float(_ask(process, str(INVOCATIONS)))
                # Caches fill in the first.
                if turn:
                    taken[name].append(microseconds)
    bare = taken[cold.BARE]
    return {
        name: Warm(median(mine), median(a / b for a, b in zip(mine, bare, strict=True)))
        for name, mine in taken.items()
    }


def contenders(packages: Packages) -> list[Contender]:
    """Give those that answer requests."""
    chosen = (cold.OURS, cold.BARE, cold.POWERTOOLS, cold.FASTAPI)
    return [one for one in cold.contenders(packages) if one.name in chosen]


def instructions(
    packages: Packages, event: dict[str, Any], counts: Sequence[int] = (50, 150)
) -> dict[str, float]:
    """
    Count the instructions of an invocation under callgrind.

    Args:
        counts: Invocations of two runs, whose difference leaves the start out.

    Returns:
        Millions, by the contender's name; empty without valgrind.
    """
    if shutil.which("valgrind") is None:
        return {}
    chosen, (few, many) = contenders(packages), counts

    def counted(contender: Contender) -> float:
        more, less = (_counted(contender, packages.runtime, event, count) for count in (many, few))
        return (more - less) / (many - few) / 1_000_000

    # A count does not depend on who else runs, so they need not take turns.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip([one.name for one in chosen], pool.map(counted, chosen), strict=True))


@contextmanager
def _running(
    contender: Contender, runtime: Path, event: dict[str, Any]
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        _command(contender),
        env=_environment(contender, runtime),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            answer = json.loads(_ask(process, _order(event)))
            if answer["statusCode"] not in {200, 201}:
                msg = f"{contender.name} answered {answer}"
                raise RuntimeError(msg)
            yield process
        finally:
            process.kill()


def _ask(process: subprocess.Popen[str], line: str) -> str:
    assert process.stdin is not None  # noqa: S101 - it was opened with both pipes
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return process.stdout.readline()


def _order(event: dict[str, Any]) -> str:
    return json.dumps({"event": event, "answers": _ANSWERS})


def _command(contender: Contender) -> list[str]:
    base = getattr(sys, "_base_executable", sys.executable)
    return [base, "-S", "-P", str(_LOOP), contender.handler]


def _environment(contender: Contender, runtime: Path) -> dict[str, str]:
    return {
        **house.ENVIRONMENT,
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "PYTHONPATH": f"{contender.task}:{runtime}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "HOME": "/nonexistent",
    }


def _counted(contender: Contender, runtime: Path, event: dict[str, Any], invocations: int) -> int:
    done = subprocess.run(  # noqa: S603 - our own arguments
        [
            *("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"),
            *_command(contender),
        ],
        env={**_environment(contender, runtime), "PATH": "/usr/bin:/bin"},
        input=f"{_order(event)}\n{invocations}\n",
        capture_output=True,
        text=True,
        check=True,
    )
    line = next(line for line in done.stderr.splitlines() if "Collected" in line)
    return int(line.rpartition(":")[2])

"""
What every command of a deployment does alike: it says one line and ends with one status.

    0  done
    1  refused or failed; the line says why and what to run
    2  the command line or the stage is wrong
    3  AWS could not be asked
"""

import argparse
import re
import sys
from collections.abc import Callable
from typing import Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tools import advice, interpreter
from tools.deployment import bytecode, chalice_cli, staging, templates, wheels

DONE: Final = 0
FAILED: Final = 1
MISUSED: Final = 2
UNREACHABLE: Final = 3

PATIENT: Final = Config(
    connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 8}
)
"""For commands of a person, who would rather wait than begin again when AWS throttles."""

_TRACEBACK: Final = re.compile(
    r"Traceback \(most recent call last\):\n.*^(?=[\w.]+: )", re.MULTILINE | re.DOTALL
)
"""Chalice prints one before the error that it means for a person."""


class RefusedError(Exception):
    """It is not done. The message is for a person and names the way out."""


def run(name: str, work: Callable[[], None]) -> int:
    """
    Do the work of a command.

    Args:
        name: The command's, `tools.deploy`, for its complaint on stderr.

    Returns:
        The exit status, as above.
    """
    try:
        work()
    except staging.StageError as error:
        return _complain(name, str(error), MISUSED)
    except chalice_cli.ChaliceError as error:
        return _complain(name, _TRACEBACK.sub("", str(error)), FAILED)
    except (
        RefusedError,
        bytecode.BytecodeError,
        interpreter.InterpreterError,
        templates.TemplateError,
        wheels.WheelError,
    ) as error:
        return _complain(name, str(error), FAILED)
    except (BotoCoreError, ClientError) as error:
        return _complain(name, advice.on(error), UNREACHABLE)
    return DONE


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """Give the parser of a command that takes a stage."""
    made = argparse.ArgumentParser(prog=f"python -m {name}", description=description)
    made.add_argument("stage", help="dev, prod or another of .chalice/config.json")
    return made


def whole_number(text: str) -> int:
    """Read a number of an option, from 0."""
    if not (text.isascii() and text.isdigit() and len(text) < 16):  # noqa: PLR2004 - a quadrillion
        msg = "use a whole number from 0"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def say(line: str) -> None:
    """Tell a person what was done, when it was done."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _complain(name: str, message: str, status: int) -> int:
    sys.stderr.write(f"{name}: {message.strip()}\n")
    return status

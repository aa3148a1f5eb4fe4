"""What goes wrong when a tool works on the tables, as one line and an exit status."""

import sys
from collections.abc import Callable
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import UnavailableError
from chalicelib.settings import SettingsError
from tools import advice

MISUSED: Final = 2
UNREACHABLE: Final = 3


class MisusedError(Exception):
    """What the operator asked for makes no sense; the message says why."""


def told(tool: str, work: Callable[[], int]) -> int:
    """
    Do a tool's work, and tell in one line why it could not be done.

    Args:
        tool: Its name, `reconcile`.
        work: Gives the exit status.

    Returns:
        That; 2 where the settings or the command line are wrong, 3 where AWS
        could not be asked.
    """
    try:
        return work()
    except (MisusedError, SettingsError) as error:
        return _complain(tool, str(error), MISUSED)
    except UnavailableError as error:
        cause = error.__cause__ or "try again later"
        return _complain(tool, f"AWS does not answer: {cause}", UNREACHABLE)
    except (BotoCoreError, ClientError) as error:
        return _complain(tool, advice.on(error), UNREACHABLE)


def _complain(tool: str, message: str, status: int) -> int:
    sys.stderr.write(f"tools.{tool}: {' '.join(message.split())}\n")
    return status

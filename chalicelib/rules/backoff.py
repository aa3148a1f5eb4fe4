"""When somebody who could not be told is told again."""

from datetime import timedelta
from typing import Final

PAUSES: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 300, 600, 840, 1200, 1440)
)
"""
Three days and some hours in all, so that a fault of Friday night is seen on Monday.

Source:
    The schedule of the specification, as far as a worker that looks every minute can keep it:
    github.com/standard-webhooks/standard-webhooks (spec, "Deliverability and reliability")
"""


def pause(attempts: int) -> timedelta | None:
    """
    Give the time until the next attempt.

    Args:
        attempts: How many there were, 1 or more.

    Returns:
        None when that was the last one.
    """
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None

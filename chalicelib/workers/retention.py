"""
Forgets what nobody is to keep: spam and rejected reviews whose time is over.

The setting `RETENTION` says how long after its last change a review or a proposal is kept. What
is due becomes an anonymous tombstone, with an entry in the ledger, on the condition of its
revision: whoever edits it, publishes it or withdraws it meanwhile has it. What fails, and what one
run has no room for, is due again in the next.
"""

import time
from datetime import datetime
from typing import Final

from chalicelib import logs, settings
from chalicelib.errors import ReviewNotFoundError, StaleRevisionError
from chalicelib.guard import erasure
from chalicelib.model import ReviewStatus
from chalicelib.store import items, review_lists
from chalicelib.store.attributes import Item

MOST: Final = 100
"""Rows of each status that one run forgets, the oldest submissions first."""
SECONDS: Final = 10
"""In which a run begins to forget another one."""


def forget_expired(at: datetime) -> dict[str, int]:
    """
    Leave anonymous tombstones of what has expired. To do it again, or twice at once, is harmless.

    Args:
        at: The time now.

    Returns:
        How many, as `forgotten`; nothing for none.

    Raises:
        Exception: What failed last; the others were forgotten.
    """
    ends = time.monotonic() + SECONDS
    forgotten, failed = 0, None
    for status, lifetime in settings.current().retention._asdict().items():
        try:
            rows = lifetime and review_lists.list_expired(status, at - lifetime, at, MOST)
        except Exception as error:  # noqa: BLE001 - the other status is due too
            logs.failure("retention failed", error, status=status)
            failed = error
            continue
        for row in rows or ():
            if time.monotonic() > ends:
                break
            try:
                forgotten += _forget(row, at)
            except Exception as error:  # noqa: BLE001 - the others are due too
                logs.failure("retention failed", error, status=status)
                failed = error
    if failed is not None:
        raise failed
    return {"forgotten": forgotten} if forgotten else {}


def _forget(row: Item, at: datetime) -> bool:
    seen = items.review_from(row)
    try:
        is_changed = erasure.expire(seen, at)
    except (ReviewNotFoundError, StaleRevisionError):
        # Whoever changed it meanwhile has it.
        return False
    if is_changed:
        logs.review(seen.slug, ReviewStatus.ERASED)
    return is_changed

"""
Which tallying designs survive redelivery, reordering, two workers and crashes: every state of each.

`Ledger` is the design of the tally worker; `designs` says why it is right and the others are not.
"""

from collections.abc import Iterator

import pytest

from tests.model.checker import Counterexample, Explored, Promise, explore
from tests.model.designs import (
    AddThenMark,
    Attempt,
    Coalescing,
    History,
    Ledger,
    MarkThenAdd,
    Memory,
    PlainAdd,
    Reconciling,
    Watermark,
)

INSERTED: History = ((4,),)
EDITED: History = ((4, 2),)
REJECTED: History = ((0, 0),)
WITHDRAWN: History = ((4, 0),)
RETURNED: History = ((4, 0, 4),)
MODERATED: History = ((0, 4, 2, 2, 0),)
"""Pending, published, edited to fewer stars, edited in its message only, withdrawn."""
TWO_REVIEWS: History = ((0, 4, 2), (5, 0))
RETURNED_BESIDE_ANOTHER: History = ((4, 0, 4), (5,))


def floor(result: Explored | Counterexample) -> int:
    """Say how many states were found right; a check of few of them proves nothing."""
    assert isinstance(result, Explored), result
    return result.states

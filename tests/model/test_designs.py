"""
Which tallying designs survive redelivery, reordering, two workers and crashes, whatever happens.

`Ledger` is the design of the tally worker; `designs` says why it is right and the others are not.
A floor under the number of states keeps a search that hardly moves from passing for a proof.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from tests.model.checker import Counterexample, Explored, Message, Outcome, Promise, explore
from tests.model.designs import (
    Attempt,
    Calls,
    Coalescing,
    History,
    Ledger,
    Memory,
    Vanishing,
    add,
    add_above_watermark,
    add_with_newer_entry,
    look_for_mark,
    mark,
)

INSERTED: History = ((4,),)
APPROVED: History = ((0, 4),)
EDITED: History = ((4, 2),)
WITHDRAWN: History = ((4, 0),)
REJECTED: History = ((0, 0),)
RETURNED: History = ((4, 0, 4),)
MODERATED: History = ((0, 4, 2, 2, 0),)
"""Pending, published, edited to fewer stars, edited in its message only, withdrawn."""
PAIR: History = ((4,), (5,))
PAIR_ONE_WITHDRAWN: History = ((4, 0), (4,))
"""In one transaction, the second review and the withdrawal cancel out."""
PAIR_ONE_RETURNED: History = ((4, 0, 4), (5,))
HELD: History = ((-4, 4, -4),)
"""Waits, is published, is removed."""
HELD_BESIDE: History = ((-4, 4), (5,))
BOTH_HELD: History = ((-4, 4), (-5,))
DECIDED: History = ((-1, 0), (0, 1, -1))
"""Spam that an editor published and then rejected: by its id, then by its key."""
BEGUN_ANEW: History = ((-1, 0), (4, 2))
"""Spam that vanished by itself, and a review that came under the same key."""


class LosesSuperseded(Ledger):
    """Lose any record but the last that changes its review's contribution."""

    def messages(self, history: History) -> list[Message[Attempt]]:
        messages = super().messages(history)
        last = {message.start.changes[0].review: message for message in messages}
        return [
            message if message in last.values() else replace(message, settles=0)
            for message in messages
        ]


class SkipsNetZero(Coalescing):
    """Treat the last two records, which cancel each other out, like one that changes nothing."""

    def messages(self, history: History) -> list[Message[Attempt]]:
        *others, pair = super().messages(history)
        return [*others, replace(pair, start=Attempt(()))]

    def step(self, memory: Memory, attempt: Attempt) -> Sequence[Outcome[Memory, Attempt]]:
        return super().step(memory, attempt) if attempt.changes else [("skip", memory, None)]


class Unscored(Ledger):
    """Promise nothing about the score."""

    def promises(self, history: History, memory: Memory, *, at_rest: bool) -> Iterator[Promise]:
        for promise in super().promises(history, memory, at_rest=at_rest):
            if promise.claim != "score is the tally's":
                yield promise


def test_plain_add_counts_a_redelivered_record_twice() -> None:
    result = explore(Calls((add,)), INSERTED)

    assert result == Counterexample(
        trace=("A: review 0 revision 1 (0 -> 4): add", "A: review 0 revision 1 (0 -> 4): add"),
        broken=Promise("tally is the reviews'", expected=(1, 4), found=(2, 8)),
    )


def test_mark_before_add_loses_a_record_to_a_crash() -> None:
    result = explore(Calls((mark, add)), INSERTED)

    assert result == Counterexample(
        trace=(
            "A: review 0 revision 1 (0 -> 4): mark",
            "A: crash",
            "A: review 0 revision 1 (0 -> 4): mark: no",
        ),
        broken=Promise("tally is the reviews'", expected=(1, 4), found=(0, 0)),
    )


def test_mark_after_add_counts_a_record_twice_after_a_crash() -> None:
    result = explore(Calls((look_for_mark, add, mark)), INSERTED)

    assert result == Counterexample(
        trace=(
            "A: review 0 revision 1 (0 -> 4): look for mark",
            "A: review 0 revision 1 (0 -> 4): add",
            "A: crash",
            "A: review 0 revision 1 (0 -> 4): look for mark",
            "A: review 0 revision 1 (0 -> 4): add",
            "A: review 0 revision 1 (0 -> 4): mark",
        ),
        broken=Promise("tally is the reviews'", expected=(1, 4), found=(2, 8)),
    )


def test_watermark_drops_a_record_that_arrives_late() -> None:
    result = explore(Calls((add_above_watermark,)), PAIR)

    assert result == Counterexample(
        trace=(
            "A: review 1 revision 1 (0 -> 5): add above watermark",
            "A: review 0 revision 1 (0 -> 4): add above watermark: no",
        ),
        broken=Promise("tally is the reviews'", expected=(2, 9), found=(1, 5)),
    )


def test_difference_of_the_record_takes_back_what_was_never_counted() -> None:
    result = explore(Calls((add_with_newer_entry,)), WITHDRAWN)

    assert result == Counterexample(
        trace=(
            "A: review 0 revision 2 (4 -> 0): add with newer entry",
            "A: review 0 revision 1 (0 -> 4): add with newer entry: no",
        ),
        broken=Promise("tally is the reviews'", expected=(0, 0), found=(-1, -4)),
    )


def test_no_comparison_of_revisions_lets_an_old_record_undo_a_withdrawal() -> None:
    result = explore(Ledger(asks_age=False), WITHDRAWN)

    assert result == Counterexample(
        trace=(
            "A: review 0 revision 1 (0 -> 4): read tally",
            "B: review 0 revision 2 (4 -> 0): read tally",
            "B: review 0 revision 2 (4 -> 0): read entry 0",
            "B: review 0 revision 2 (4 -> 0): commit",
            "A: review 0 revision 1 (0 -> 4): read entry 0",
            "A: review 0 revision 1 (0 -> 4): commit",
        ),
        broken=Promise("ledger is the reviews'", expected=(0,), found=(4,)),
    )


def test_no_comparison_of_the_entry_counts_a_record_twice() -> None:
    """The tally was read after the other worker's commit, so it gives nothing away."""
    result = explore(Ledger(asks_row=False), INSERTED)

    assert result == Counterexample(
        trace=(
            "A: review 0 revision 1 (0 -> 4): read tally",
            "A: review 0 revision 1 (0 -> 4): read entry 0",
            "B: review 0 revision 1 (0 -> 4): read entry 0",
            "A: review 0 revision 1 (0 -> 4): commit",
            "B: review 0 revision 1 (0 -> 4): read tally",
            "B: review 0 revision 1 (0 -> 4): commit",
        ),
        broken=Promise("tally is the ledger's", expected=(1, 4), found=(2, 8)),
    )


def test_no_comparison_of_the_tally_leaves_a_score_of_a_tally_that_moved() -> None:
    result = explore(Ledger(asks_sum=False), PAIR)

    assert result == Counterexample(
        trace=(
            "A: review 0 revision 1 (0 -> 4): read tally",
            "A: review 0 revision 1 (0 -> 4): read entry 0",
            "B: review 1 revision 1 (0 -> 5): read tally",
            "A: review 0 revision 1 (0 -> 4): commit",
            "B: review 1 revision 1 (0 -> 5): read entry 1",
            "B: review 1 revision 1 (0 -> 5): commit",
        ),
        broken=Promise("score is the tally's", expected=(2, 9), found=(1, 5)),
    )


def test_count_and_total_need_no_comparison_of_the_tally() -> None:
    """ADD commutes: only the score, SET from the tally that was read, needs it."""
    result = explore(Unscored(asks_sum=False), PAIR_ONE_WITHDRAWN)

    assert isinstance(result, Explored), result
    assert result.states > 2_000


def test_skipping_records_that_cancel_out_lets_the_older_one_return() -> None:
    result = explore(SkipsNetZero(), WITHDRAWN)

    assert result == Counterexample(
        trace=(
            "A: review 0 revision 1 (0 -> 4): read tally",
            "A: review 0 revision 1 (0 -> 4): read entry 0",
            "A: review 0 revision 1 (0 -> 4): commit",
            "A: review 0 revision 1 (0 -> 4) and review 0 revision 2 (4 -> 0): skip",
        ),
        broken=Promise("ledger is the reviews'", expected=(0,), found=(4,)),
    )


@pytest.mark.parametrize("history", [INSERTED, APPROVED, EDITED, WITHDRAWN, HELD])
@pytest.mark.parametrize("design", [Ledger(), Coalescing()])
def test_every_change_of_one_review_is_tallied(design: Ledger, history: History) -> None:
    result = explore(design, history)

    assert isinstance(result, Explored), result
    assert result.states > 30


@pytest.mark.parametrize(
    ("history", "floor"),
    [
        (RETURNED, 3_000),
        (MODERATED, 4_000),
        (PAIR_ONE_RETURNED, 25_000),
        (HELD, 1_000),
        (HELD_BESIDE, 4_000),
        (BOTH_HELD, 3_500),
    ],
)
def test_ledger_is_right_in_every_reachable_state(history: History, floor: int) -> None:
    result = explore(Ledger(), history)

    assert isinstance(result, Explored), result
    assert result.states > floor


@pytest.mark.parametrize(
    ("history", "floor"), [(RETURNED, 14_000), (PAIR, 3_000), (PAIR_ONE_WITHDRAWN, 60_000)]
)
def test_two_records_in_one_transaction_are_tallied_as_if_apart(
    history: History, floor: int
) -> None:
    result = explore(Coalescing(), history)

    assert isinstance(result, Explored), result
    assert result.states > floor


def test_a_key_that_begins_anew_after_what_vanished_is_taken_for_late() -> None:
    result = explore(Vanishing(goes_by_id=False), BEGUN_ANEW)

    assert isinstance(result, Counterexample)
    assert result.broken.claim == "ledger is the reviews'"


@pytest.mark.parametrize(("history", "floor"), [(DECIDED, 5_000), (BEGUN_ANEW, 5_000)])
def test_what_may_vanish_is_counted_by_its_id(history: History, floor: int) -> None:
    result = explore(Vanishing(), history)

    assert isinstance(result, Explored), result
    assert result.states > floor


def test_only_the_last_record_of_a_review_has_to_arrive() -> None:
    result = explore(LosesSuperseded(), RETURNED)

    assert isinstance(result, Explored), result
    assert result.states > 600


@pytest.mark.parametrize("design", [Ledger(), Coalescing()])
def test_record_without_a_change_takes_no_step(design: Ledger) -> None:
    result = explore(design, REJECTED)

    assert result == Explored(states=1)

"""
Which tallying designs survive redelivery, reordering, two workers and crashes, whatever happens.

`Ledger` is the design of the tally worker; `designs` says why it is right and the others are not.
A floor under the number of states keeps a search that hardly moves from passing for a proof.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.model.checker import Counterexample, Explored, Message, Promise, explore
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
PAIR_MODERATED: History = ((0, 4, 2), (5, 0))


class LosesSuperseded(Ledger):
    """Lose any record but the last that changes its review's contribution."""

    def messages(self, history: History) -> list[Message[Attempt]]:
        messages = super().messages(history)
        last = {message.start.changes[0].review: message for message in messages}
        return [
            message if message in last.values() else replace(message, settles=0)
            for message in messages
        ]


class GuessesFive(Ledger):
    """Have no old image to guess from."""

    def messages(self, history: History) -> list[Message[Attempt]]:
        return [
            replace(message, start=Attempt((message.start.changes[0]._replace(old=5),)))
            for message in super().messages(history)
        ]


class SkipsNetZero(Coalescing):
    """Treat changes that cancel out like a record that changes nothing."""

    def step(self, memory: Memory, attempt: Attempt) -> tuple[str, Memory, Attempt | None]:
        if all(change.old == change.new for change in attempt.changes):
            return "skip", memory, None
        return super().step(memory, attempt)


class Unscored(Ledger):
    """Promise nothing about the score."""

    def promises(self, history: History, memory: Memory, *, at_rest: bool) -> Iterator[Promise]:
        for promise in super().promises(history, memory, at_rest=at_rest):
            if promise.claim != "score is the tally's":
                yield promise


def test_plain_add_counts_a_redelivered_record_twice() -> None:
    result = explore(PlainAdd(), INSERTED)

    assert result == Counterexample(
        trace=("A: review 0 revision 1 (0 -> 4): add", "A: review 0 revision 1 (0 -> 4): add"),
        broken=Promise("tally is the reviews'", expected=(1, 4), found=(2, 8)),
    )


def test_mark_before_add_loses_a_record_to_a_crash() -> None:
    result = explore(MarkThenAdd(), INSERTED)

    assert result == Counterexample(
        trace=(
            "A: review 0 revision 1 (0 -> 4): mark",
            "A: crash",
            "A: review 0 revision 1 (0 -> 4): is marked",
        ),
        broken=Promise("tally is the reviews'", expected=(1, 4), found=(0, 0)),
    )


def test_mark_after_add_counts_a_record_twice_after_a_crash() -> None:
    result = explore(AddThenMark(), INSERTED)

    assert result == Counterexample(
        trace=(
            "A: review 0 revision 1 (0 -> 4): is not marked",
            "A: review 0 revision 1 (0 -> 4): add",
            "A: crash",
            "A: review 0 revision 1 (0 -> 4): is not marked",
            "A: review 0 revision 1 (0 -> 4): add",
            "A: review 0 revision 1 (0 -> 4): mark",
        ),
        broken=Promise("tally is the reviews'", expected=(1, 4), found=(2, 8)),
    )


def test_watermark_drops_a_record_that_arrives_late() -> None:
    result = explore(Watermark(), PAIR)

    assert result == Counterexample(
        trace=(
            "A: review 1 revision 1 (0 -> 5): add",
            "A: review 0 revision 1 (0 -> 4): is below the watermark",
        ),
        broken=Promise("tally is the reviews'", expected=(2, 9), found=(1, 5)),
    )


def test_revision_alone_takes_back_what_was_never_counted() -> None:
    result = explore(Ledger(asks_counted=False), WITHDRAWN)

    assert result == Counterexample(
        trace=(
            "A: review 0 revision 2 (4 -> 0): read tally",
            "A: review 0 revision 2 (4 -> 0): commit",
        ),
        broken=Promise("tally is the ledger's", expected=(0, 0), found=(-1, -4)),
    )


def test_contribution_alone_lets_an_old_record_undo_a_withdrawal() -> None:
    result = explore(Ledger(asks_newer=False), WITHDRAWN)

    assert result == Counterexample(
        trace=(
            "A: review 0 revision 1 (0 -> 4): read tally",
            "B: review 0 revision 2 (4 -> 0): read tally",
            "B: review 0 revision 2 (4 -> 0): entry differs",
            "B: review 0 revision 2 (4 -> 0): commit",
            "A: review 0 revision 1 (0 -> 4): commit",
        ),
        broken=Promise("ledger is the reviews'", expected=(0,), found=(4,)),
    )


def test_no_ledger_condition_counts_a_redelivered_record_twice() -> None:
    result = explore(Ledger(asks_counted=False, asks_newer=False), INSERTED)

    assert result == Counterexample(
        trace=(
            "A: review 0 revision 1 (0 -> 4): read tally",
            "A: review 0 revision 1 (0 -> 4): commit",
            "A: review 0 revision 1 (0 -> 4): read tally",
            "A: review 0 revision 1 (0 -> 4): commit",
        ),
        broken=Promise("tally is the ledger's", expected=(1, 4), found=(2, 8)),
    )


def test_no_tally_condition_leaves_a_score_of_a_tally_that_moved() -> None:
    result = explore(Ledger(asks_unmoved=False), PAIR)

    assert result == Counterexample(
        trace=(
            "A: review 0 revision 1 (0 -> 4): read tally",
            "B: review 1 revision 1 (0 -> 5): read tally",
            "A: review 0 revision 1 (0 -> 4): commit",
            "B: review 1 revision 1 (0 -> 5): commit",
        ),
        broken=Promise("score is the tally's", expected=(2, 9), found=(1, 5)),
    )


def test_count_and_total_need_no_tally_condition() -> None:
    """ADD commutes: only the score, SET from the tally that was read, needs the condition."""
    result = explore(Unscored(asks_unmoved=False), PAIR_ONE_WITHDRAWN)

    assert isinstance(result, Explored), result
    assert result.states > 2_000


def test_skipping_records_that_cancel_out_lets_the_older_one_return() -> None:
    result = explore(SkipsNetZero(), WITHDRAWN)

    assert result == Counterexample(
        trace=(
            "A: review 0 revision 1 (0 -> 4): read tally",
            "A: review 0 revision 1 (0 -> 4): commit",
            "A: review 0 revision 1 (0 -> 4) and review 0 revision 2 (4 -> 0): skip",
        ),
        broken=Promise("ledger is the reviews'", expected=(0,), found=(4,)),
    )


@pytest.mark.parametrize("history", [INSERTED, APPROVED, EDITED, WITHDRAWN])
@pytest.mark.parametrize("design", [Ledger(), Coalescing(), Reconciling()])
def test_every_change_of_one_review_is_tallied(design: Ledger, history: History) -> None:
    result = explore(design, history)

    assert isinstance(result, Explored), result
    assert result.states >= 20


@pytest.mark.parametrize(
    ("history", "floor"),
    [
        (RETURNED, 2_000),
        (MODERATED, 3_000),
        (PAIR_ONE_RETURNED, 20_000),
        (PAIR_MODERATED, 30_000),
    ],
)
def test_ledger_is_right_in_every_reachable_state(history: History, floor: int) -> None:
    result = explore(Ledger(), history)

    assert isinstance(result, Explored), result
    assert result.states > floor


@pytest.mark.parametrize(
    ("history", "floor"),
    [(RETURNED, 10_000), (MODERATED, 15_000), (PAIR_ONE_WITHDRAWN, 20_000)],
)
def test_two_records_in_one_transaction_are_tallied_as_if_apart(
    history: History, floor: int
) -> None:
    result = explore(Coalescing(), history)

    assert isinstance(result, Explored), result
    assert result.states > floor


@pytest.mark.parametrize(
    ("history", "floor"),
    [(RETURNED, 2_000), (MODERATED, 7_000), (PAIR_ONE_RETURNED, 20_000)],
)
def test_reading_the_reviews_again_makes_up_for_every_lost_record(
    history: History, floor: int
) -> None:
    result = explore(Reconciling(), history)

    assert isinstance(result, Explored), result
    assert result.states > floor


def test_only_the_last_record_of_a_review_has_to_arrive() -> None:
    result = explore(LosesSuperseded(), RETURNED)

    assert isinstance(result, Explored), result
    assert result.states > 600


def test_old_image_is_only_a_first_guess() -> None:
    result = explore(GuessesFive(), RETURNED)

    assert isinstance(result, Explored), result
    assert result.states > 3_000


@pytest.mark.parametrize("design", [Ledger(), Coalescing()])
def test_record_without_a_change_takes_no_step(design: Ledger) -> None:
    result = explore(design, REJECTED)

    assert result == Explored(states=1)

"""What faults and the stream do to a request and to a batch: strategies of hypothesis."""

from typing import Literal, NamedTuple, TypeAlias

from hypothesis import strategies as st

from tests.faults import COMMITTED, UNCOMMITTED, Kind

Plan: TypeAlias = tuple[int, Kind, int] | None
"""Which of the next calls is the first to fail, how, and how many do."""


class Delivery(NamedTuple):
    """
    What is handed to a worker, and what another one does meanwhile.

    Attributes:
        size: How many of the records that wait, in their order; 0 to pick some instead.
        picks: Positions among the last records that may count, in any order.
        rival: Which of those another worker counts right before the call `at`.
    """

    size: int
    picks: list[int]
    rival: Literal["none", "same", "others"]
    at: int
    plan: Plan


plans = st.one_of(
    st.none(),
    st.tuples(st.integers(1, 3), st.sampled_from([*UNCOMMITTED, *COMMITTED]), st.just(1)),
    st.tuples(
        st.integers(1, 2), st.sampled_from(["throttle", "timeout", "lost_answer"]), st.just(9)
    ),
)
deliveries = st.builds(
    Delivery,
    st.sampled_from([0, 0, 3, 9]),
    st.lists(st.sampled_from(range(6)), min_size=1, max_size=3),
    st.sampled_from(["none", "same", "others", "others"]),
    # Most often between look and commit.
    st.sampled_from([2, 2, 2, 1, 4]),
    plans,
)
perhaps = st.sampled_from([False, False, True]).flatmap(
    lambda is_wanted: deliveries if is_wanted else st.none()
)

"""
What of a storm of submissions to one article gets into the content table.

A fluid model: rates in and rates out, in submissions per second. The limits
stand here once, each with where it comes from: "documented" has a source in
docs/scale.md, "assumed" is ours and is to be replaced by a measurement.
"""

from dataclasses import dataclass, replace
from typing import Final

PARTITION_WRITES: Final = 1_000
"""Write units per second of one partition, so of one row too. Documented."""
TABLE_WRITES: Final = 40_000
"""Write units per second of an on-demand table, a quota to be raised. Documented."""
GATEWAY: Final = 10_000
"""Requests per second of an account in API Gateway, a quota to be raised. Documented."""
HOLD: Final = 0.010
"""Seconds for which a submission's transaction holds its gate. Assumed."""
SUBMISSION: Final = 0.200
"""Seconds of a POST, three quarters of it the captcha provider. Assumed."""
ATTEMPTS: Final = 6
"""`chalicelib.store.client` takes a conflict this often."""
TOP_RATING: Final = 0.6
"""Share of the most frequent number of stars. Assumed."""
INDEX_WRITES: Final = 5
"""Of a published review: by_article, by_rating, by_helpful, by_id, by_reader."""


@dataclass(frozen=True, slots=True)
class Settings:
    """
    One configuration under one load.

    Attributes:
        rate: Submissions per second.
        minutes: How long they come.
        gates: Copies of the gate that a submission's transaction picks one of;
            0 = the gate is read (and cached) and the review put alone.
        shards: Partitions that the article's reviews, and as many that its ledger,
            are spread over; the stream has as many shards.
        suffixes: Keys that the article has in each public index.
        concurrency: Lambda containers of the API.
        gateway: Requests per second that API Gateway lets through.
        tally_shards: Rows that the tally is the sum of.
        parallelization: Batches of one stream shard at once.
        batch: Most records in an invocation.
        workers: Containers of the tally (reserved concurrency); 0 = one for every lane.
    """

    name: str
    rate: int = 10_000
    minutes: float = 1
    gates: int = 1
    shards: int = 1
    suffixes: int = 1
    concurrency: int = 1_000
    gateway: int = GATEWAY
    tally_shards: int = 1
    parallelization: int = 1
    batch: int = 99
    workers: int = 0


@dataclass(frozen=True, slots=True)
class Intake:
    """
    Submissions per second by how they end, and what they are billed.

    Attributes:
        throttled: Refused at the first attempt, by whichever limit.
        conflicted: Met a conflict and did not pass later either.
        bottleneck: Which limit bound; empty if all were accepted.
        units: Write units per second, indexes included.
    """

    accepted: float
    throttled: float
    conflicted: float
    units: float
    bottleneck: str


def limits(settings: Settings) -> dict[str, float]:
    """Say how many submissions per second each limit but the gate's conflicts lets through."""
    own = 1 if settings.gates == 0 else 2
    together = own + (2 if settings.gates else 0)
    partition = PARTITION_WRITES * settings.shards / own
    if settings.shards == 1:
        partition = PARTITION_WRITES / together
    return {
        "API Gateway": settings.gateway,
        "Lambda concurrency": settings.concurrency / SUBMISSION,
        "article's partition": partition,
        # Its sort key rises with time, so its newest end is one partition, split or not; so does
        # that of by_helpful, among the reviews without votes.
        "by_article": PARTITION_WRITES * settings.suffixes,
        # Five such ends, of which one takes most.
        "by_rating": PARTITION_WRITES * settings.suffixes / TOP_RATING,
        "table quota": TABLE_WRITES / together,
    }


def take_in(settings: Settings) -> Intake:
    """Say what becomes of `settings.rate` submissions per second."""
    caps = limits(settings)
    narrowest = min(caps, key=lambda name: caps[name])
    arriving = min(settings.rate, caps["API Gateway"], caps["Lambda concurrency"])
    if settings.gates == 0:
        accepted = min(arriving, caps[narrowest])
        bound = narrowest if accepted < settings.rate else ""
        units = accepted * (1 + INDEX_WRITES)
        return Intake(accepted, settings.rate - accepted, 0, units, bound)
    passed, conflicted, attempts = _through_gate(settings, arriving)
    accepted = min(passed, caps[narrowest])
    bound = "" if accepted > 0.99 * settings.rate else narrowest
    if bound and passed < caps[narrowest]:
        bound = "gate conflicts"
    return Intake(
        accepted,
        max(0.0, settings.rate - accepted - conflicted),
        conflicted,
        attempts * 4 + accepted * INDEX_WRITES,
        bound,
    )


def _through_gate(settings: Settings, rate: float) -> tuple[float, float, float]:
    """
    Solve for the conflicts on the gates.

    A gate is a server without a queue: who finds it held is refused (Erlang's
    loss formula for one server, true of any distribution of the hold) and tries
    again, at most six times in all, which adds to what arrives.

    Returns:
        Submissions per second that pass, that do not because of a conflict,
        and transactions that are billed.
    """
    arriving = rate / settings.gates
    cap = PARTITION_WRITES / (4 if settings.shards == 1 else 2)
    again, admitted = 0.0, 1.0
    tries = 1.0
    for _ in range(500):
        attempts = arriving * tries
        admitted += 0.1 * (min(1.0, cap / attempts) - admitted)
        load = attempts * admitted * HOLD
        again += 0.1 * (admitted * load / (1 + load) - again)
        tries = sum(again**attempt for attempt in range(ATTEMPTS))
    passed = min(arriving * admitted, arriving * tries * (admitted - again))
    conflicted = arriving * admitted - passed
    return (
        passed * settings.gates,
        conflicted * settings.gates,
        arriving * tries * admitted * settings.gates,
    )


def sustained(settings: Settings) -> int:
    """Find the highest rate at which 99 of 100 submissions are accepted."""
    low, high = 1, 100_000
    while high - low > 1:
        rate = (low + high) // 2
        if take_in(replace(settings, rate=rate)).accepted >= 0.99 * rate:
            low = rate
        else:
            high = rate
    return low

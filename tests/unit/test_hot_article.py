import heapq
import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from bench import hot_article, simulation_intake, simulation_tally
from bench.hot_article import DOLLARS, LOGGED, MEMORY, ladder, play, requests
from bench.simulation_intake import ATTEMPTS, HOLD, SUBMISSION, Settings, sustained, take_in
from bench.simulation_tally import TallySimulation
from chalicelib.model import HIDDEN, Outcome, Tally
from chalicelib.store.tallies import Entry, EntryChange
from chalicelib.workers.ledger import add
from tests import rows

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"
SHORT = Settings("short", rate=300, minutes=0.1, gates=0)
WIDE = replace(SHORT, rate=10_000, shards=32, suffixes=16, concurrency=3_000)


@pytest.mark.slow
def test_page_quotes_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    hot_article.main([])

    printed = [line for line in capsys.readouterr().out.splitlines() if line]
    page = PAGE.read_text().splitlines()
    assert [line for line in printed if line not in page] == []
    assert [line for line in page if line.startswith("| + ") and line not in printed] == []


@pytest.mark.slow
def test_dollars_of_the_page_add_up_to_the_last_row_of_the_ladder() -> None:
    _, _, dollars = PAGE.read_text().partition("| what | arithmetic | $/h |")
    rows = [line for line in dollars.split("\n\n")[0].splitlines() if line[:5] not in {"", "| ---"}]

    total = sum(int(row.split(" | ")[-1].removesuffix(" |")) for row in rows)
    last = play(list(ladder(10_000, 0.5))[-1], seed=1)
    assert f"{total}" == last.cells()[hot_article.HEADER.index("all $/h")]
    assert f"${total} an hour" in PAGE.read_text()


def test_page_is_short() -> None:
    assert len(PAGE.read_text().splitlines()) < 200


def test_one_configuration_stands_beside_todays(capsys: pytest.CaptureFixture[str]) -> None:
    hot_article.main(["--rate", "20", "--minutes", "0.05", "--gates", "0", "--tally-shards", "2"])

    printed = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in printed[2:4]] == ["| today", "| as asked"]


def test_same_seed_gives_the_same_run() -> None:
    rows = [play(replace(WIDE, tally_shards=64), seed=7).cells() for _ in range(2)]

    assert rows[0] == rows[1]


def test_other_seed_gives_another_run() -> None:
    outcomes = [
        TallySimulation(replace(WIDE, tally_shards=64), 1_000, seed).run() for seed in (1, 2)
    ]

    assert outcomes[0] != outcomes[1]


@pytest.mark.parametrize("settings", list(ladder(400, 0.1)), ids=lambda settings: settings.name)
def test_every_accepted_review_is_counted_once(settings: Settings) -> None:
    row = play(settings, seed=3)

    assert row.outcome.counted == row.outcome.accepted == sum(row.outcome.lags.values())
    assert row.outcome.accepted == round(row.intake.accepted * 6)


def test_at_any_moment_what_is_accepted_is_counted_or_waits() -> None:
    simulation = TallySimulation(replace(WIDE, tally_shards=4), 5_000, seed=5)
    for tick in range(1, 100):
        simulation._advance(tick * 0.05)
        simulation._accept(tick * 250)
        simulation._observe()

        waiting = sum(lane.records for lane in simulation._lanes)
        assert sum(row.count for row in simulation._rows) + waiting == tick * 250


def test_uncounted_reviews_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation_tally, "_PATIENCE", 0)

    with pytest.raises(RuntimeError, match="600 accepted, "):
        play(replace(SHORT, rate=100, minutes=0.1, batch=10_000), seed=1)


def test_what_is_refused_before_it_runs_costs_no_more_than_its_request() -> None:
    costs = requests(Settings("", rate=20_000, gateway=10_000, concurrency=1_000))

    run = 1_000 / SUBMISSION
    call = DOLLARS["invocation"] + SUBMISSION * MEMORY * DOLLARS["arm64"]
    assert costs == {
        "API Gateway": pytest.approx(3600 * 10_000 * DOLLARS["api"]),
        "Lambda": pytest.approx(3600 * run * call),
        "logs": pytest.approx(3600 * run * LOGGED * DOLLARS["logs"]),
    }


def test_a_full_batch_reads_its_entries_and_the_tally_once() -> None:
    outcome = TallySimulation(replace(SHORT, shards=4, workers=1), 4_000, 1).run()

    assert outcome.read_units == pytest.approx(outcome.counted * 100 / 99, rel=0.001)


@pytest.mark.parametrize("rate", [40, 400, 4_000, 40_000])
@pytest.mark.parametrize("gates", [0, 1, 16])
def test_every_submission_ends_in_one_way(rate: int, gates: int) -> None:
    intake = take_in(replace(WIDE, rate=rate, gates=gates))

    assert intake.accepted + intake.throttled + intake.conflicted == pytest.approx(rate)
    assert min(intake.accepted, intake.throttled, intake.conflicted) >= -1e-6


@pytest.mark.parametrize("start", [SHORT, WIDE, replace(SHORT, gates=1), replace(WIDE, gates=8)])
def test_a_wider_intake_never_accepts_fewer(start: Settings) -> None:
    start = replace(start, rate=20_000)
    for wider in (
        [replace(start, gates=start.gates * factor) for factor in (1, 2, 4)],
        [replace(start, shards=start.shards * factor) for factor in (1, 2, 4)],
        [replace(start, suffixes=start.suffixes * factor) for factor in (1, 2, 4)],
        [replace(start, concurrency=start.concurrency * factor) for factor in (1, 2, 4)],
        [replace(start, gateway=start.gateway * factor) for factor in (1, 2, 4)],
    ):
        accepted = [take_in(settings).accepted for settings in wider]
        assert accepted == sorted(accepted)


def test_more_tally_shards_are_never_slower() -> None:
    lags = [
        TallySimulation(replace(WIDE, tally_shards=shards), 6_000, 1).run().lag(0.99)
        for shards in (16, 64, 256, 1024)
    ]

    assert lags == sorted(lags, reverse=True)


def test_more_stream_shards_are_never_slower_with_enough_tally_shards() -> None:
    ways = [replace(WIDE, shards=shards, tally_shards=1024) for shards in (8, 16, 32, 64)]

    drained = [TallySimulation(settings, 6_000, 1).run().drained for settings in ways]

    # A second is the event source's window, in which the last batches may end as they like.
    assert all(later <= earlier + 1 for earlier, later in pairwise(drained))
    assert drained[-1] < drained[0]


def test_more_workers_alone_are_slower_on_one_tally_row() -> None:
    one, many = (
        TallySimulation(replace(WIDE, workers=workers, minutes=0.05), 1_000, 1).run()
        for workers in (1, 32)
    )

    assert many.drained > 10 * one.drained
    assert many.units > 10 * one.units


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        (replace(SHORT, shards=4, workers=1), "tally workers"),
        (replace(SHORT), "ledger's partition"),
    ],
)
def test_saturated_tally_counts_at_its_analytic_limit(settings: Settings, limit: str) -> None:
    outcome = TallySimulation(replace(settings, minutes=0.2), 4_000, 1).run()

    measured = outcome.counted / (12 + outcome.drained)
    assert measured == pytest.approx(simulation_tally.limits(settings)[limit], rel=0.03)


def test_reviews_in_the_system_are_rate_times_lag() -> None:
    outcome = TallySimulation(replace(WIDE, tally_shards=1024, minutes=1), 2_000, 1).run()

    mean = sum(lag * reviews for lag, reviews in outcome.lags.items()) / outcome.counted
    simulation = TallySimulation(replace(WIDE, tally_shards=1024), 2_000, 1)
    inside = []
    for tick in range(1, 1_200):
        simulation._advance(tick * 0.05)
        inside.append(simulation._accepted - simulation._counted)
        simulation._accept(tick * 100)
        simulation._observe()
    # Looked at before what arrives at the tick, so half a tick's arrivals are missing.
    assert sum(inside[100:]) / len(inside[100:]) == pytest.approx(2_000 * mean, rel=0.05)


def test_conflicts_on_a_gate_agree_with_playing_them() -> None:
    rate, seconds = 60, 2_000
    generator = random.Random(4)
    arrivals = [(generator.uniform(0, seconds), 1) for _ in range(rate * seconds)]
    heapq.heapify(arrivals)
    held_until, passed = 0.0, 0
    while arrivals:
        at, attempt = heapq.heappop(arrivals)
        if at >= held_until:
            held_until = at + HOLD
            passed += 1
        elif attempt < ATTEMPTS:
            # Long enough that the next attempt knows nothing of this one, as the model has it.
            heapq.heappush(arrivals, (at + generator.uniform(0.1, 1), attempt + 1))

    assert passed / seconds == pytest.approx(take_in(Settings("", rate=rate)).accepted, rel=0.01)


@pytest.mark.parametrize("hold", [0.005, 0.010, 0.020])
def test_todays_rate_is_half_a_hold(hold: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation_intake, "HOLD", hold)

    assert sustained(Settings("today")) == pytest.approx(0.469 / hold, rel=0.03)


def test_deltas_on_any_tally_shards_sum_to_the_ledger() -> None:
    """The code's own arithmetic: what tally shards would rely on."""
    generator = random.Random(9)
    shards = [Tally()] * 8
    ledger: dict[bytes, Entry] = {}
    for _ in range(300):
        batch = {bytes([generator.randrange(60)]) * 16 for _ in range(9)}
        changes = []
        for digest in sorted(batch):
            seen = ledger.get(digest, Entry())
            hidden = ((f"{generator.choice(HIDDEN)}_{generator.randint(1, 5)}", 1),)
            stars = generator.randint(0, 5)
            entry = Entry(seen.revision + 1, stars, () if stars else hidden)
            changes.append(EntryChange(digest, seen, entry))
        chosen = generator.randrange(len(shards))
        shards[chosen] = add(shards[chosen], changes)
        ledger |= {change.digest: change.new for change in changes}

    whole = rows.sum_of(ledger)
    assert sum(shard.total for shard in shards) == whole.total
    for outcome in Outcome:
        summed = zip(*(shard.of(outcome) for shard in shards), strict=True)
        assert tuple(map(sum, summed)) == whole.of(outcome)

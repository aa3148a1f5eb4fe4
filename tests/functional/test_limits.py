"""Limits of the intake: of a network, a reader, for an article and the whole site."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.store import client
from chalicelib.store.client import ConditionFailedError
from tests import privacy
from tests.actions import REVIEWS, edit, listed, submit
from tests.builders import article, submission
from tests.client import Answer, Api
from tests.faults import UNCOMMITTED, Faults, Kind
from tests.functional.conftest import NOON, Clock
from tests.metering import Meter

pytestmark = pytest.mark.usefixtures("published")

Setting = Callable[..., None]


def reader(api: Api, number: int, path: str = REVIEWS, **changes: Any) -> Answer:
    body = submission(email=f"reader-{number}@example.com", message=f"Number {number}.", **changes)
    return api.post(path, body)


def statuses(answers: Iterator[Answer] | list[Answer]) -> list[int]:
    return [answer.status for answer in answers]


def limit_rows() -> list[dict[str, Any]]:
    rows = client.dynamodb().scan(TableName=settings.current().derived_table)["Items"]
    return [row for row in rows if row["pk"]["S"].startswith("LIMIT#")]


@pytest.mark.parametrize("scope", ["network", "article", "site"])
def test_one_more_than_the_limit_is_refused(
    api: Api, setting: Setting, clock: Clock, scope: str
) -> None:
    setting(LIMITS=f"{scope}=3/10m")

    answers = [reader(api, number) for number in range(4)]

    assert statuses(answers) == [201, 201, 201, 429]
    assert answers[-1].code == "too_many_requests"
    assert answers[-1].headers["retry-after"] == "660"
    assert len(listed(api)) == 3


def test_a_reader_is_limited_over_all_articles(api: Api, setting: Setting, clock: Clock) -> None:
    setting(LIMITS="reader=2/10m")
    api.put("/articles/second", article())

    answers = [
        submit(api),
        submit(api, rating=1),
        api.post("/articles/second/reviews", submission()),
    ]

    assert statuses(answers) == [201, 201, 429]
    assert reader(api, 1).status == 201


def test_others_are_not_kept_out_by_a_full_article(
    api: Api, setting: Setting, clock: Clock
) -> None:
    setting(LIMITS="article=1/10m")
    api.put("/articles/second", article())

    assert statuses([reader(api, 1), reader(api, 2)]) == [201, 429]
    assert reader(api, 3, "/articles/second/reviews").status == 201


def test_after_the_time_that_the_refusal_names_there_is_room(
    api: Api, setting: Setting, clock: Clock
) -> None:
    setting(LIMITS="site=1/10m")
    reader(api, 1)
    wait = int(reader(api, 2).headers["retry-after"])

    clock.tick(wait - 1)
    assert reader(api, 2).headers["retry-after"] == "1"
    clock.tick(1)
    assert reader(api, 2).status == 201


def test_a_day_has_a_ceiling_besides_the_hours(api: Api, setting: Setting, clock: Clock) -> None:
    setting(LIMITS="site=2/1h site=3/1d")

    first = statuses([reader(api, number) for number in range(3)])
    clock.tick(2 * 3600)
    second = statuses([reader(api, number) for number in range(2, 5)])

    assert (first, second) == ([201, 201, 429], [201, 429, 429])


def test_the_answer_says_what_is_left_of_the_network(
    api: Api, setting: Setting, clock: Clock
) -> None:
    setting(LIMITS="network=2/10m reader=1/1h")

    first = reader(api, 1)
    clock.tick(60)
    second = reader(api, 2)
    refused = reader(api, 3)

    assert [rate_limit(one) for one in (first, second, refused)] == [
        ("2", "1", "660", "2;w=600"),
        ("2", "0", "600", "2;w=600"),
        ("2", "0", "600", "2;w=600"),
    ]


def test_a_reader_who_is_refused_reads_of_his_network_alone(
    api: Api, setting: Setting, clock: Clock
) -> None:
    setting(LIMITS="network=9/10m reader=1/1h")
    submit(api)

    refused = submit(api, rating=1)

    assert refused.status == 429
    assert rate_limit(refused) == ("9", "7", "660", "9;w=600")


def test_without_a_limit_of_the_network_nothing_is_said(api: Api, setting: Setting) -> None:
    setting(LIMITS="reader=1/1h")

    answers = [submit(api), submit(api, rating=1)]

    assert statuses(answers) == [201, 429]
    assert not any(name.startswith("ratelimit") for one in answers for name in one.headers)


def rate_limit(answer: Answer) -> tuple[str, ...]:
    return tuple(
        answer.headers[f"ratelimit-{name}"] for name in ("limit", "remaining", "reset", "policy")
    )


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("203.0.113.7", "203.0.113.250", True),
        ("203.0.113.7", "203.0.114.7", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::1", True),
        ("2001:db8:1:200::1", "2001:db8:1:2ff::1", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("203.0.113.7", "::ffff:203.0.113.9", True),
        ("", "no address", True),
    ],
)
def test_a_network_is_a_prefix(
    api: Api,
    setting: Setting,
    source: Callable[[str], None],
    first: str,
    second: str,
    is_same: bool,
) -> None:
    setting(LIMITS="network=1/10m")

    source(first)
    reader(api, 1)
    source(second)

    assert reader(api, 2).status == (429 if is_same else 201)


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP"]
)
def test_what_a_client_says_of_its_address_is_not_looked_at(
    api: Api, setting: Setting, header: str
) -> None:
    setting(LIMITS="network=1/10m")
    reader(api, 1)

    body = submission(email="other@example.com")
    answer = api.post(REVIEWS, body, **{header: "198.51.100.1"})

    assert answer.status == 429


def test_no_address_is_stored_and_tomorrow_the_hash_is_another(
    api: Api, setting: Setting, clock: Clock
) -> None:
    setting(LIMITS="network=9/10m")
    reader(api, 1)
    today = {row["pk"]["S"] for row in limit_rows() if "network" in row["pk"]["S"]}
    clock.tick(86400)
    reader(api, 2)
    both = {row["pk"]["S"] for row in limit_rows() if "network" in row["pk"]["S"]}

    assert len(today) == 1
    assert len(both) == 2
    assert privacy.SOURCE_IP not in str(limit_rows())


def test_midnight_gives_nobody_a_second_helping(api: Api, setting: Setting, clock: Clock) -> None:
    setting(LIMITS="network=2/10m")
    clock.at = datetime(2026, 3, 14, 23, 59, tzinfo=UTC)
    reader(api, 1)
    clock.tick(70)

    answers = [reader(api, number) for number in (2, 3)]
    clock.tick(600)

    assert statuses(answers) == [201, 429]
    assert reader(api, 3).status == 201


def test_every_counter_forgets_itself(api: Api, setting: Setting, clock: Clock) -> None:
    setting(LIMITS="network=9/10m reader=9/1h article=9/1h site=9/1d")

    reader(api, 1)

    lifetimes = {
        row["pk"]["S"].split("#")[1].split(":")[0]: int(row["expires_at"]["N"])
        - int(NOON.timestamp())
        for row in limit_rows()
    }
    assert lifetimes == {"network": 660, "reader": 3960, "article": 3960, "site": 95040}


def test_a_refusal_of_the_network_writes_nothing(api: Api, setting: Setting, clock: Clock) -> None:
    setting(LIMITS="network=1/10m reader=9/1h article=9/1h site=9/1d")
    reader(api, 1)

    with Meter() as meter:
        refused = reader(api, 2)

    assert refused.status == 429
    assert (meter.round_trips, meter.table_units) == (1, 0)


@pytest.mark.parametrize("scope", ["reader", "article", "site"])
def test_any_other_refusal_writes_the_attempt_alone(
    api: Api, setting: Setting, clock: Clock, scope: str
) -> None:
    setting(LIMITS=f"network=9/10m {scope}=1/1h")
    submit(api)

    with Meter() as meter:
        refused = submit(api, rating=1)

    assert refused.status == 429
    assert (meter.round_trips, meter.table_units) == (2, 1)


def test_the_last_place_of_a_network_goes_to_one_of_two(
    api: Api, setting: Setting, clock: Clock
) -> None:
    setting(LIMITS="network=2/10m")
    reader(api, 0)
    answers = []

    with Faults(client.dynamodb()) as faults, Meter() as meter:
        faults.meanwhile(2, lambda: answers.append(reader(api, 1)))
        answers.append(reader(api, 2))

    assert statuses(answers) == [201, 429]
    assert meter.calls[-1].error == "ConditionalCheckFailedException"
    assert meter.calls[-1].table_units == 1


@pytest.mark.parametrize("scope", ["article", "site"])
@pytest.mark.parametrize("already", [0, 1])
def test_the_last_place_goes_to_one_of_two(
    api: Api, setting: Setting, clock: Clock, scope: str, already: int
) -> None:
    setting(LIMITS=f"{scope}={already + 1}/1h")
    for number in range(already):
        reader(api, number)
    answers = []

    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(2, lambda: answers.append(reader(api, 8)))
        answers.append(reader(api, 9))

    assert statuses(answers) == [201, 429]
    assert len(listed(api)) == already + 1


def test_two_at_once_are_both_counted_where_there_is_room(
    api: Api, setting: Setting, clock: Clock
) -> None:
    setting(LIMITS="network=9/10m site=9/1h")
    reader(api, 0)
    clock.tick(360)
    answers = []

    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(2, lambda: answers.append(reader(api, 1)))
        answers.append(reader(api, 2))

    assert statuses(answers) == [201, 201]
    assert rate_limit(answers[-1])[1] == "6"
    assert {row["n"]["N"] for row in limit_rows()} >= {"2"}


@pytest.mark.parametrize(
    ("limits", "module", "write"),
    [("network=9/10m", "client", "write"), ("site=9/10m", "reviews", "add")],
)
def test_who_is_always_overtaken_is_told_to_come_again(
    api: Api,
    setting: Setting,
    monkeypatch: pytest.MonkeyPatch,
    limits: str,
    module: str,
    write: str,
) -> None:
    setting(LIMITS=limits)

    def overtaken(*_: object) -> None:
        raise ConditionFailedError({0: None})

    monkeypatch.setattr(f"chalicelib.store.{module}.{write}", overtaken)

    assert submit(api).status == 503


def test_a_repetition_is_answered_after_the_limit_was_reached(
    api: Api, setting: Setting, clock: Clock
) -> None:
    setting(LIMITS="network=9/10m reader=1/1h article=1/1h site=1/1h")
    first = submit(api, "key-1")

    again = submit(api, "key-1")

    assert (again.status, again.body) == (201, first.body)
    assert {row["n"]["N"] for row in limit_rows() if "network" not in row["pk"]["S"]} == {"1"}


@pytest.mark.parametrize("kind", [*UNCOMMITTED, "lost_answer", "repeated"])
@pytest.mark.parametrize("call", [1, 2, 3])
def test_whatever_fails_the_same_submission_again_is_stored_and_counted_once(
    api: Api, setting: Setting, clock: Clock, kind: Kind, call: int
) -> None:
    setting(LIMITS="network=9/10m reader=9/1h article=9/1h site=9/1h")

    with Faults(client.dynamodb()) as faults:
        faults.fail(call, kind)
        first = submit(api, "key-1")
        faults.clear()
        again = submit(api, "key-1")

    assert first.status in {201, 503}
    assert again.status == 201
    assert len(listed(api)) == 1
    assert {row["n"]["N"] for row in limit_rows() if "network" not in row["pk"]["S"]} == {"1"}


def test_an_edit_counts_as_an_attempt(api: Api, setting: Setting, clock: Clock) -> None:
    setting(LIMITS="network=2/10m")
    review = submit(api).body

    answers = [edit(api, review, rating=rating) for rating in (4, 3)]

    assert statuses(answers) == [200, 429]


def test_what_is_refused_for_its_form_is_not_counted(
    api: Api, setting: Setting, clock: Clock
) -> None:
    setting(LIMITS="network=1/10m")

    with Meter() as meter:
        assert submit(api, rating=9).status == 422
        assert api.post("/articles/no-such/reviews", submission()).status == 404

    assert meter.table_units == 0
    assert submit(api).status == 201


def test_off_means_off(api: Api, setting: Setting) -> None:
    setting(LIMITS="off")

    with Meter() as meter:
        submit(api)

    assert meter.round_trips == 1
    assert limit_rows() == []


def test_a_stage_has_limits_unless_told(api: Api, setting: Setting) -> None:
    setting(LIMITS=None)

    submit(api)

    assert {row["pk"]["S"].split("#")[1].split(":")[0] for row in limit_rows()} == {
        "network",
        "reader",
        "article",
        "site",
    }

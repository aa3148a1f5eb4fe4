"""The block list: kept by editors, read by every submission."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.model import Block, Effect, ReviewStatus
from chalicelib.store import attributes, blocks, client
from tests import pricing
from tests.actions import queued, stored, submit
from tests.client import Answer, Api
from tests.faults import Faults
from tests.functional.conftest import NOON
from tests.metering import Meter

pytestmark = pytest.mark.usefixtures("published")

Setting = Callable[..., None]
BLOCKS = "/editor/blocks"


def block(api: Api, kind: str, value: str, **more: str) -> Answer:
    return api.post(BLOCKS, {"kind": kind, "value": value, **more}, editor=True)


def blocked(api: Api) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = api.get(BLOCKS, editor=True).body["items"]
    return entries


@pytest.fixture(autouse=True)
def _limited(setting: Setting) -> None:
    setting(LIMITS="network=99/10m")


def test_an_entry_is_listed_with_who_made_it(api: Api) -> None:
    made = block(api, "word", "Casino", effect="hold", note="Since March.")

    assert made.status == 201
    assert made.headers["location"] == f"{BLOCKS}/{made.body['id']}"
    assert blocked(api) == [made.body]
    assert made.body | {"id": "", "blocked_at": ""} == {
        "id": "",
        "kind": "word",
        "value": "casino",
        "effect": "hold",
        "note": "Since March.",
        "blocked_by": "ada",
        "blocked_at": "",
    }


def test_the_same_value_again_changes_its_entry(api: Api) -> None:
    first = block(api, "domain", "spam.example").body
    block(api, "word", "casino")

    again = block(api, "domain", "SPAM.example", effect="hold")

    assert again.body["id"] == first["id"]
    assert [(one["value"], one["effect"]) for one in blocked(api)] == [
        ("casino", "spam"),
        ("spam.example", "hold"),
    ]


def test_an_entry_is_taken_off(api: Api) -> None:
    entry = block(api, "word", "casino").body

    assert api.delete(f"{BLOCKS}/{entry['id']}", editor=True).status == 204
    assert blocked(api) == []
    assert api.delete(f"{BLOCKS}/{entry['id']}", editor=True).code == "block_not_found"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("word", "casino"),
        ("domain", "spam.example"),
        ("network", "198.51.100.0/24"),
        ("reader", "grace@example.com"),
    ],
)
def test_what_is_blocked_is_spam_that_looks_like_any_other_answer(
    api: Api, kind: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = "The Casino is at https://www.spam.example/now"
    monkeypatch.setattr(
        api._sender.event_converter,  # type: ignore[attr-defined]
        "LOCAL_SOURCE_IP",
        "198.51.100.7",
    )
    before = submit(api, email="before@example.com", message=message)
    block(api, kind, value)

    after = submit(api, message=message)

    assert (after.status, after.body["status"]) == (before.status, before.body["status"])
    review = stored(after.body)
    assert (review.status, review.reasons) == (ReviewStatus.SPAM, (f"blocked_{kind}",))


def test_what_is_to_be_held_waits(api: Api) -> None:
    block(api, "word", "casino", effect="hold")

    answer = submit(api, message="A casino.")

    assert answer.body["status"] == "pending"
    assert [one["reasons"] for one in queued(api)] == [["blocked_word"]]


def test_a_reader_is_named_by_a_review_of_his(api: Api) -> None:
    review = submit(api).body

    entry = block(api, "reader", review["id"])

    assert (entry.status, entry.body["value"]) == (201, None)
    assert block(api, "reader", "GRACE@example.com").body["id"] == entry.body["id"]
    assert stored(submit(api, message="Again.").body).status is ReviewStatus.SPAM


def test_no_entry_tells_what_a_reader_is_known_by(api: Api) -> None:
    review = submit(api).body

    block(api, "reader", review["id"])

    assert stored(review).reader not in api.get(BLOCKS, editor=True).text


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "reader", "value": "grace@example.com", "effect": "hold"}, "/effect"),
        ({"kind": "reader", "value": "nobody"}, "/value"),
        ({"kind": "network", "value": "somewhere"}, "/value"),
        ({"kind": "network", "value": "0.0.0.0/0"}, "/value"),
        ({"kind": "domain", "value": "no domain"}, "/value"),
        ({"kind": "word", "value": "x"}, "/value"),
        ({"kind": "planet", "value": "mars"}, "/kind"),
        ({"kind": "word", "value": ""}, "/value"),
        ({"kind": "word", "value": "casino", "note": "n" * 101}, "/note"),
    ],
)
def test_an_entry_that_could_never_match_is_refused(
    api: Api, body: dict[str, str], pointer: str
) -> None:
    answer = api.post(BLOCKS, body, editor=True)

    assert answer.status == 422
    assert list(answer.codes) == [pointer]
    assert blocked(api) == []


def test_a_review_that_is_not_there_names_nobody(api: Api) -> None:
    answer = block(api, "reader", "01ARZ3NDEKTSV4RRFFQ69G5FAV")

    assert answer.code == "review_not_found"


def test_an_article_is_nobodys_review(api: Api) -> None:
    from chalicelib.store import reviews

    assert reviews.find_reader("~") is None


def test_a_review_that_vanished_names_nobody(api: Api) -> None:
    from chalicelib import settings
    from chalicelib.store import keys, reviews

    review = stored(submit(api).body)

    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(
            2,
            lambda: client.dynamodb().delete_item(
                TableName=settings.current().content_table, Key=keys.review(review.slug, review.key)
            ),
        )
        assert reviews.find_reader(review.id) is None


def test_a_full_list_takes_no_more(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MOST", 1)
    block(api, "word", "casino")

    refused = block(api, "word", "lottery")

    assert (refused.status, refused.code) == (409, "too_many_blocks")
    assert block(api, "word", "casino", effect="hold").status == 201


def test_a_list_that_no_row_holds_takes_no_more(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MOST_BYTES", 600)

    answers = [block(api, "word", f"word-{number}", note="ü" * 100) for number in range(2)]

    assert [answer.status for answer in answers] == [201, 409]


def test_the_largest_list_fits_into_a_row(api: Api) -> None:
    """As DynamoDB counts: 400 KB with all names."""
    entry = Block("0" * 26, "word", "𝔘" * 80, Effect.SPAM, "𝔘" * 100, "n" * 40, NOON)
    fitting = blocks.MOST_BYTES // blocks._size(entry)

    assert pricing.size(attributes.pack(blocks._row((entry,) * fitting, 1))) < 400 * 1024
    short = Block("0" * 26, "word", "xx", Effect.SPAM, "", "n", NOON)
    assert pricing.size(attributes.pack(blocks._row((short,) * blocks.MOST, 1))) < 400 * 1024


def test_two_editors_at_once_lose_nothing(api: Api) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(2, lambda: block(api, "word", "casino"))
        block(api, "word", "lottery")

    assert [one["value"] for one in blocked(api)] == ["casino", "lottery"]


def test_an_editor_who_is_always_overtaken_is_told(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chalicelib.store.client import ConditionFailedError

    def overtaken(*_: object) -> None:
        raise ConditionFailedError({0: None})

    monkeypatch.setattr("chalicelib.store.client.write", overtaken)

    assert block(api, "word", "casino").status == 503


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_it_is_for_editors_alone(api: Api, method: str) -> None:
    path = BLOCKS if method != "DELETE" else f"{BLOCKS}/01ARZ3NDEKTSV4RRFFQ69G5FAV"

    assert api.request(method, path).code == "unauthorized"


def test_a_long_list_costs_a_submission_no_round_trip(api: Api) -> None:
    for number in range(3):
        block(api, "word", f"word-{number}")

    with Meter() as meter:
        submit(api)

    assert meter.round_trips == 3

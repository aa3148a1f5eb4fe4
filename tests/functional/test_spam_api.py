"""What is found against a submission decides what becomes of it, and the queue says why."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.guard import akismet
from chalicelib.model import Effect, Finding, Outcome, ReviewStatus
from tests.actions import (
    DECISIONS,
    REVIEWS,
    decide,
    edit,
    listed,
    queued,
    results_of,
    stored,
    submit,
)
from tests.builders import SLUG, article, submission
from tests.client import Api
from tests.conftest import Deliver
from tests.functional.conftest import Clock
from tests.metering import Meter

pytestmark = pytest.mark.usefixtures("published")

Setting = Callable[..., None]
LINKS = "https://a.example https://b.example https://c.example"
LONG = "Nobody would write these very sentences twice, on two articles that have nothing in common."
WIDE = "network=999/1h article=999/1h"


def waiting(api: Api) -> list[list[str]]:
    return [one["reasons"] for one in queued(api)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"message": LINKS}, "links"),
        ({"name": "https://spam.example"}, "link_in_name"),
        ({"name": "Grаce"}, "mixed_script_name"),
        ({"name": "Editor"}, "reserved_name"),
    ],
)
def test_what_looks_odd_waits_and_its_reader_is_told(
    api: Api, changes: dict[str, str], reason: str
) -> None:
    answer = submit(api, **changes)

    assert (answer.status, answer.body["status"]) == (201, "pending")
    assert waiting(api) == [[reason]]
    assert listed(api) == []


def test_all_reasons_are_told(api: Api) -> None:
    submit(api, name="Аdmin", message=LINKS)

    assert waiting(api) == [["links", "mixed_script_name", "reserved_name"]]


def test_spam_is_answered_as_if_nothing_were_found(api: Api) -> None:
    answer = submit(api, message=" ".join(f"https://spam{n}.example" for n in range(11)))

    assert answer.body["status"] == "published"
    assert stored(answer.body).status is ReviewStatus.SPAM


def test_an_editor_who_calls_it_spam_too_has_decided(api: Api) -> None:
    review = submit(api, website="x").body
    path = f"/editor{REVIEWS}/{review['id']}/decisions"

    results = [results_of(decide(api, (review, "spam"))) for _ in range(2)]

    found = stored(review)
    assert results == [["changed"], ["unchanged"]]
    assert (found.status, found.outcome) == (ReviewStatus.SPAM, Outcome.REMOVED)
    # It leaves a tombstone like whatever else an editor refused.
    assert found.expires_at is None
    assert [one["action"] for one in api.get(path, editor=True).body["items"]] == ["spam"]
    assert edit(api, review, rating=1).body["status"] == "published"


def test_a_stale_look_at_spam_confirms_nothing(api: Api) -> None:
    review = submit(api, website="x").body
    edit(api, review, rating=1)
    seen = {"slug": SLUG, "id": review["id"], "decision": "spam", "revision": 1}

    answer = api.post(DECISIONS, {"decisions": [seen]}, editor=True)

    assert results_of(answer) == ["stale"]
    assert stored(review).outcome is None


def test_an_editor_publishes_what_only_looked_odd(api: Api, deliver: Deliver) -> None:
    review = submit(api, message=LINKS).body

    decide(api, (review, "publish"))
    deliver()

    assert [one["id"] for one in listed(api)] == [review["id"]]
    assert api.get(f"/articles/{SLUG}/tally").body["count"] == 1


def test_a_message_that_goes_round_is_held_and_then_spam(
    api: Api, setting: Setting, clock: Clock
) -> None:
    setting(LIMITS=WIDE)
    slugs = [SLUG, "second", "third", "fourth", "fifth"]
    for slug in slugs[1:]:
        api.put(f"/articles/{slug}", article())

    told = [
        api.post(
            f"/articles/{slug}/reviews",
            submission(message=LONG.upper() if number % 2 else LONG, email=f"{slug}@example.com"),
        ).body["status"]
        for number, slug in enumerate(slugs)
    ]

    assert told == ["published", "published", "pending", "pending", "published"]
    assert waiting(api) == [["repeated_text"]] * 2
    spam = api.get("/editor/reviews?status=spam", editor=True).body["items"]
    assert [(one["slug"], one["reasons"]) for one in spam] == [("fifth", ["repeated_text"])]


def test_second_thoughts_on_the_same_article_are_no_repetition(api: Api, setting: Setting) -> None:
    setting(LIMITS=WIDE)

    submit(api, message=LONG)

    assert submit(api, message=LONG, rating=1).body["status"] == "published"


def test_a_short_message_may_be_anybodys(api: Api, setting: Setting) -> None:
    setting(LIMITS=WIDE)
    api.put("/articles/second", article())

    submit(api, message="Great article!")
    again = api.post("/articles/second/reviews", submission(message="Great article!"))

    assert again.body["status"] == "published"


def flood(api: Api, rating: int, count: int) -> list[str]:
    return [
        api.post(
            REVIEWS, submission(email=f"flood-{number}-{rating}@example.com", rating=rating)
        ).body["status"]
        for number in range(count)
    ]


@pytest.mark.parametrize("limits", [WIDE, "network=999/1h", "article=999/1d article=99/10m"])
def test_a_review_bomb_waits_for_an_editor_and_others_do_not(
    api: Api, setting: Setting, clock: Clock, deliver: Deliver, limits: str
) -> None:
    setting(LIMITS=limits)

    told = flood(api, 1, 18)
    deliver()

    assert told == ["published"] * 15 + ["pending"] * 3
    assert {*map(tuple, waiting(api))} == {("burst_low",)}
    assert flood(api, 5, 1) == ["published"]
    assert api.get(f"/articles/{SLUG}/tally").body["count"] == told.count("published")


def test_after_an_hour_the_article_is_its_own_again(
    api: Api, setting: Setting, clock: Clock
) -> None:
    setting(LIMITS=WIDE)
    assert flood(api, 1, 18)[-1] == "pending"

    clock.tick(3960)

    assert submit(api, rating=1).body["status"] == "published"


def test_an_edit_is_looked_at_as_well(api: Api, setting: Setting) -> None:
    setting(LIMITS=WIDE)
    review = submit(api).body

    answer = edit(api, review, message=LINKS)

    assert (answer.status, answer.body["status"]) == (200, "pending")
    assert waiting(api) == [["links"]]
    assert listed(api) == []


def test_an_edit_meets_the_block_list(api: Api, setting: Setting) -> None:
    setting(LIMITS=WIDE)
    review = submit(api).body
    api.post("/editor/blocks", {"kind": "word", "value": "casino"}, editor=True)

    with Meter() as meter:
        edit(api, review, message="A casino.")

    assert waiting(api) == [["blocked_word"]]
    assert meter.round_trips == 3


def test_an_edit_that_mends_what_was_odd_still_waits(api: Api) -> None:
    review = submit(api, message=LINKS).body

    answer = edit(api, review, message="No links.")

    assert answer.body["status"] == "pending"
    assert waiting(api) == [["links"]]


def test_a_clean_edit_of_a_published_review_is_published(api: Api) -> None:
    review = submit(api).body

    assert edit(api, review, rating=1, name="Grace H.").body["status"] == "published"


def test_akismet_is_asked_last_and_its_answer_is_a_reason(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def find(*about: Any) -> Finding:
        asked.append(about)
        return Finding("akismet", Effect.HOLD)

    monkeypatch.setattr(akismet, "find", find)

    submit(api, message=LINKS)
    submit(api, email="other@example.com")

    assert waiting(api) == [["links"], ["akismet"]]
    assert [words.message for words, *_ in asked] == ["Clear and kind."]


def test_a_proposal_that_looks_like_spam_is_spam(api: Api) -> None:
    submit(api)

    proposal = submit(api, message=" ".join(f"https://spam{n}.example" for n in range(11)))

    assert proposal.body["status"] == "published"
    assert stored(proposal.body).status is ReviewStatus.SPAM
    assert api.post(DECISIONS, {"decisions": []}, editor=True).status == 422


def test_a_check_is_added_by_adding_a_function(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.rules import spam

    def shouting(words: Any, _: Any) -> Any:
        if words.message.isupper():
            yield Finding("shouting", Effect.HOLD)

    monkeypatch.setattr(spam, "CHECKS", (*spam.CHECKS, shouting))

    submit(api, message="LISTEN")

    assert waiting(api) == [["shouting"]]

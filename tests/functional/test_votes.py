"""Votes: each network once on a review, for ever, and of nothing that is not public."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.store import attributes, client, items, keys
from chalicelib.workers import records
from tests import builders
from tests.actions import (
    ARTICLE,
    REVIEWS,
    decide,
    edit,
    listed,
    queued,
    results_of,
    stored,
    submit,
    vote,
    withdraw,
)
from tests.client import Answer, Api
from tests.conftest import Deliver
from tests.faults import Faults
from tests.functional.conftest import Clock
from tests.metering import Meter

pytestmark = pytest.mark.usefixtures("published")

Setting = Callable[..., None]
Source = Callable[[str], None]

UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def votes_on(review: dict[str, Any]) -> list[Any]:
    rows = client.dynamodb().scan(TableName=settings.current().content_table)["Items"]
    return [row for row in rows if row["pk"]["S"] == f"F#{review['id']}"]


def helpful(api: Api) -> dict[str, int]:
    return {one["id"]: one["helpful"] for one in listed(api)}


def test_a_vote_is_counted_and_seen_in_every_order(api: Api) -> None:
    review = submit(api).body

    answer = vote(api, review)

    assert (answer.status, answer.body) == (200, {"id": review["id"], "helpful": 1})
    assert answer.headers["cache-control"] == "no-store"
    for sort in ("newest", "oldest", "highest", "lowest", "helpful"):
        assert [one["helpful"] for one in listed(api, sort)] == [1]


def test_a_network_has_one_vote_for_ever_and_others_have_theirs(
    api: Api, source: Source, clock: Clock
) -> None:
    review = submit(api).body

    counts = []
    for address in ("203.0.113.1", "203.0.113.200", "198.51.100.1", "2001:db8:1:2::1"):
        source(address)
        counts.append(vote(api, review).body["helpful"])
    clock.tick(400 * 86_400)
    for address in ("203.0.113.7", "2001:db8:1:ff::9"):
        source(address)
        counts.append(vote(api, review).body["helpful"])

    assert counts == [1, 1, 2, 3, 3, 3]
    assert len(votes_on(review)) == 3


def test_the_same_vote_again_is_answered_alike_and_writes_nothing(api: Api) -> None:
    review = submit(api).body

    first = vote(api, review)
    with Meter() as meter:
        again = vote(api, review)

    assert (again.status, again.body) == (first.status, first.body)
    assert sorted(again.headers) == sorted(first.headers)
    assert meter.table_units == 0


def test_nothing_ties_two_votes_of_one_network(api: Api, source: Source) -> None:
    source("203.0.113.1")
    reviews = [submit(api, email=f"{number}@example.com").body for number in range(2)]

    for review in reviews:
        vote(api, review)

    (one,), (other,) = (votes_on(review) for review in reviews)
    assert set(one) == {"pk", "sk"}
    assert one["sk"] != other["sk"]
    assert "203.0.113" not in json.dumps([one, other])


class TestOfWhatIsNotPublic:
    """One and the same 404."""

    @pytest.fixture
    def hidden(self, api: Api, setting: Setting) -> dict[str, str]:
        """Paths of reviews that nobody may read, by why."""
        shown = submit(api, email="shown@example.com").body
        withdrawn = submit(api, email="withdrawn@example.com").body
        withdraw(api, withdrawn)
        rejected = submit(api, email="rejected@example.com").body
        decide(api, (rejected, "reject"))
        setting(MODERATION="approve_first")
        ids = {
            "unknown": UNKNOWN,
            "waiting": submit(api, email="waiting@example.com").body["id"],
            "spam": submit(api, email="spam@example.com", website="x").body["id"],
            "proposal": submit(api, email="shown@example.com", rating=1).body["id"],
            "withdrawn": withdrawn["id"],
            "rejected": rejected["id"],
            "article": "~",
            "gate": "!",
        }
        paths = {why: f"{REVIEWS}/{review_id}" for why, review_id in ids.items()}
        api.put("/articles/another", builders.article())
        api.put("/articles/draft", builders.article(status="draft"))
        return paths | {
            "of another article": f"/articles/another/reviews/{shown['id']}",
            "of a draft": f"/articles/draft/reviews/{shown['id']}",
            "of no article": f"/articles/none/reviews/{shown['id']}",
            "of no slug": f"/articles/No_Slug/reviews/{shown['id']}",
            "of another form": f"{REVIEWS}/{shown['id'].lower()}",
        }

    def test_is_answered_as_what_does_not_exist(self, api: Api, hidden: dict[str, str]) -> None:
        seen = {}
        for why, path in hidden.items():
            with Meter() as meter:
                answer = api.post(f"{path}/votes", {"vote": "helpful"})
            has_called = why not in {"of no slug", "of another form", "article", "gate"}
            # Whether the slug is an alias is asked last.
            asks_again = why != "of no slug"
            assert meter.operations == ["Query"] * has_called + ["GetItem"] * asks_again, why
            seen[why] = (
                answer.status,
                sorted(answer.headers),
                builders.without(answer.body, "request_id"),
            )

        assert seen["unknown"][0] == 404
        assert seen["unknown"][2]["code"] == "review_not_found"
        assert seen == dict.fromkeys(hidden, seen["unknown"])

    def test_counts_nothing(self, api: Api, hidden: dict[str, str]) -> None:
        for path in hidden.values():
            api.post(f"{path}/votes", {"vote": "helpful"})

        rows = client.dynamodb().scan(TableName=settings.current().content_table)["Items"]
        assert [row for row in rows if row["pk"]["S"].startswith("F#")] == []
        assert {row.get("helpful", {"N": "0"})["N"] for row in rows} == {"0"}

    def test_a_review_of_a_retracted_article_takes_no_vote(self, api: Api) -> None:
        review = submit(api).body
        api.delete(ARTICLE, editor=True, If_Match="*")

        answer = vote(api, review)

        assert (answer.status, answer.code) == (404, "review_not_found")
        assert votes_on(review) == []

    def test_a_review_that_the_index_still_has_takes_no_vote(self, api: Api) -> None:
        review = submit(api).body

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(2, lambda: withdraw(api, review))
            answer = vote(api, review)

        assert (answer.status, answer.code) == (404, "review_not_found")


class TestRaces:
    """Between what is read and what is written."""

    def test_two_networks_at_once_are_both_counted(self, api: Api, source: Source) -> None:
        review = submit(api).body

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(3, lambda: _vote_from("198.51.100.1", api, review, source))
            answer = _vote_from("203.0.113.1", api, review, source)

        assert faults.calls.count("TransactWriteItems") == 3
        assert answer.body["helpful"] == 2
        assert helpful(api) == {review["id"]: 2}

    def test_one_network_twice_at_once_is_counted_once(self, api: Api) -> None:
        review = submit(api).body

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(3, lambda: vote(api, review))
            answer = vote(api, review)

        assert answer.body["helpful"] == 1
        assert helpful(api) == {review["id"]: 1}

    def test_a_vote_that_an_index_does_not_show_yet_is_counted_once(self, api: Api) -> None:
        review = submit(api).body
        vote(api, review)
        table, (before,) = settings.current().content_table, votes_on(review)
        key = {name: before[name] for name in ("pk", "sk")}

        with Faults(client.dynamodb()) as faults:
            client.call("delete_item", TableName=table, Key=key)
            faults.meanwhile(3, lambda: client.call("put_item", TableName=table, Item=before))
            answer = vote(api, review)

        assert answer.body["helpful"] == 1
        assert votes_on(review) == [before]

    @pytest.mark.parametrize("decision", ["reject", "spam"])
    def test_a_review_that_is_hidden_meanwhile_takes_no_vote(self, api: Api, decision: str) -> None:
        review = submit(api).body

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(3, lambda: decide(api, (review, decision)))
            answer = vote(api, review)

        assert answer.code == "review_not_found"
        assert (stored(review).helpful, votes_on(review)) == (0, [])

    def test_a_review_that_is_written_anew_meanwhile_takes_no_vote_of_the_old(
        self, api: Api
    ) -> None:
        review = submit(api).body

        def write_anew() -> None:
            withdraw(api, review)
            submit(api, message="Once more.")

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(3, write_anew)
            answer = vote(api, review)

        assert answer.code == "review_not_found"
        assert list(helpful(api).values()) == [0]

    def test_who_never_gets_through_is_asked_to_come_again(self, api: Api) -> None:
        review = submit(api).body

        def outvote() -> None:
            client.call(
                "update_item",
                TableName=settings.current().content_table,
                Key=keys.review(builders.SLUG, stored_key),
                UpdateExpression="ADD helpful :one",
                ExpressionAttributeValues=attributes.pack({":one": 1}),
            )

        stored_key = stored(review).key
        with Faults(client.dynamodb()) as faults:
            for call in range(3, 15, 2):
                faults.meanwhile(call, outvote)
            answer = vote(api, review)

        assert (answer.status, answer.code) == (503, "unavailable")
        assert votes_on(review) == []


def _vote_from(address: str, api: Api, review: dict[str, Any], source: Source) -> Answer:
    source(address)
    return vote(api, review)


class TestLimit:
    """A vote is an attempt of its network."""

    @pytest.mark.usefixtures("clock")
    def test_is_shared_with_submissions_and_told(self, api: Api, setting: Setting) -> None:
        setting(LIMITS="network=3/10m")
        review = submit(api).body

        answers = [vote(api, review) for _ in range(3)]

        assert [one.status for one in answers] == [200, 200, 429]
        assert answers[0].headers["ratelimit-remaining"] == "1"
        assert answers[2].headers["retry-after"] == "660"
        assert submit(api, email="other@example.com").status == 429

    @pytest.mark.usefixtures("clock")
    def test_refuses_before_anything_is_counted(self, api: Api, setting: Setting) -> None:
        setting(LIMITS="network=1/10m")
        review = submit(api).body

        assert vote(api, review).status == 429
        assert helpful(api) == {review["id"]: 0}

    def test_of_readers_and_articles_is_not_touched(self, api: Api, setting: Setting) -> None:
        setting(LIMITS="reader=1/10m article=1/10m site=1/10m")
        review = submit(api).body

        assert [vote(api, review).status for _ in range(3)] == [200] * 3


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"raw": b""}, 400),
        ({"raw": b'{"vote":"helpful"}'}, 415),
        ({"raw": b'{"vote":"helpful"}', "Content_Type": "text/plain"}, 415),
        ({"body": {}}, 422),
        ({"body": {"vote": "unhelpful"}}, 422),
        ({"body": {"vote": "helpful", "times": 9}}, 422),
        ({"body": {"vote": "x" * 65_536}}, 413),
    ],
)
def test_what_needs_no_preflight_is_no_vote(api: Api, sent: dict[str, Any], status: int) -> None:
    review = submit(api).body

    answer = api.request("POST", f"{REVIEWS}/{review['id']}/votes", **sent)

    assert answer.status == status
    assert helpful(api) == {review["id"]: 0}


class TestOfAReview:
    """What becomes of votes when their review changes."""

    def test_stay_when_it_is_edited_answered_hidden_and_shown_again(self, api: Api) -> None:
        review = submit(api).body
        vote(api, review)

        edit(api, review, rating=1, message="Less kind.")
        api.put(f"/editor{REVIEWS}/{review['id']}/reply", {"message": "Thank you."})
        decide(api, (review, "reject"))
        decide(api, (review, "publish"))
        proposal = submit(api, message="Third thoughts.").body
        decide(api, (proposal, "publish"))

        (seen,) = listed(api, "helpful")
        assert (seen["message"], seen["helpful"]) == ("Third thoughts.", 1)
        assert vote(api, review).body["helpful"] == 1

    def test_are_not_those_of_the_next_one(self, api: Api) -> None:
        review = submit(api).body
        vote(api, review)
        withdraw(api, review)

        anew = submit(api, message="Once more.").body

        assert helpful(api) == {anew["id"]: 0}
        assert vote(api, anew).body["helpful"] == 1

    def test_change_no_revision_and_nothing_that_is_counted(
        self, api: Api, deliver: Deliver
    ) -> None:
        review = submit(api).body
        before = stored(review)
        deliver()

        vote(api, review)

        after = stored(review)
        assert (after.revision, after.changed_at) == (before.revision, before.changed_at)
        assert [records.read(record) for record in deliver()] == [None, None]

    def test_of_a_waiting_one_are_shown_to_editors(self, api: Api, setting: Setting) -> None:
        review = submit(api).body
        vote(api, review)
        setting(MODERATION="approve_first")

        edit(api, review, rating=1)

        (waiting,) = queued(api)
        assert waiting["helpful"] == 1
        assert vote(api, review).code == "review_not_found"
        assert results_of(decide(api, (review, "publish"))) == ["changed"]
        assert helpful(api) == {review["id"]: 1}


class TestOrder:
    """`sort=helpful`."""

    @pytest.fixture
    def shelf(self, api: Api, source: Source) -> dict[str, dict[str, Any]]:
        """Reviews `a` to `f`, oldest first, with 2, 0, 1, 1, 0 and 3 votes."""
        made = {}
        for name, votes in zip("abcdef", (2, 0, 1, 1, 0, 3), strict=True):
            made[name] = submit(api, name=name, email=f"{name}@example.com").body
            self.raise_(api, source, made[name], votes)
        return made

    @staticmethod
    def raise_(api: Api, source: Source, review: dict[str, Any], votes: int) -> None:
        for number in range(votes):
            _vote_from(f"10.0.{number}.1", api, review, source)

    @staticmethod
    def page(api: Api, cursor: str | None = None) -> tuple[list[str], str | None]:
        query = "" if cursor is None else f"&cursor={cursor}"
        body = api.get(f"{REVIEWS}?sort=helpful&limit=2{query}").body
        return [one["name"] for one in body["items"]], body["next_cursor"]

    def test_is_by_votes_and_then_newest_first(
        self, api: Api, shelf: dict[str, dict[str, Any]]
    ) -> None:
        ordered = listed(api, "helpful")

        assert [one["helpful"] for one in ordered] == [3, 2, 1, 1, 0, 0]
        assert ordered == sorted(ordered, key=lambda one: (one["helpful"], one["id"]), reverse=True)
        assert {one["id"] for one in ordered} == {one["id"] for one in shelf.values()}

    def test_shows_nothing_twice_whatever_rises_between_pages(
        self, api: Api, source: Source, shelf: dict[str, dict[str, Any]]
    ) -> None:
        first, cursor = self.page(api)
        self.raise_(api, source, shelf["a"], 5)
        self.raise_(api, source, shelf["b"], 4)
        second, cursor = self.page(api, cursor)
        self.raise_(api, source, shelf["f"], 9)
        third, end = self.page(api, cursor)

        assert first == ["f", "a"]
        assert sorted([*second, *third]) == ["c", "d", "e"]
        assert end is None
        assert self.page(api)[0] == ["f", "a"]

    def test_goes_on_from_a_review_that_is_gone(
        self, api: Api, shelf: dict[str, dict[str, Any]]
    ) -> None:
        _, cursor = self.page(api)

        withdraw(api, shelf["a"])

        assert sorted(self.page(api, cursor)[0]) == ["c", "d"]

    def test_tells_apart_up_to_ten_million(self) -> None:
        orders = [items.helpful_order(votes, UNKNOWN) for votes in (0, 9, 10, 10**7 - 1, 10**7)]

        assert orders == sorted(orders)
        assert {len(order) for order in orders} == {7 + 1 + 26}
        assert keys.BELOW < orders[0] < orders[-1] < keys.ABOVE

"""A second submission of the same reader, until an editor has decided on it."""

from typing import Any

import pytest

from chalicelib.store import client
from tests import builders
from tests.actions import (
    ARTICLE,
    decide,
    edit,
    listed,
    queued,
    results_of,
    stored,
    submit,
    withdraw,
)
from tests.client import Api
from tests.conftest import Deliver
from tests.faults import Faults

pytestmark = pytest.mark.usefixtures("published")


def propose(api: Api) -> tuple[dict[str, Any], dict[str, Any]]:
    """Submit twice as the same reader; give the review and the proposed change of it."""
    review: dict[str, Any] = submit(api).body
    proposal: dict[str, Any] = submit(
        api, name="G. H.", message="On second thought.", rating=2
    ).body
    return review, proposal


def test_an_accepted_proposal_changes_the_review_and_the_tally(api: Api, deliver: Deliver) -> None:
    review, proposal = propose(api)
    deliver()

    answer = decide(api, (proposal, "publish"))
    deliver()

    assert results_of(answer) == ["changed"]
    (seen,) = listed(api)
    assert seen["edited_at"] is not None
    assert builders.without(seen, "edited_at") == {
        **builders.without(review, "edited_at", "status", "manage_token"),
        "name": "G. H.",
        "message": "On second thought.",
        "rating": 2,
    }
    tally = api.get(f"{ARTICLE}/tally").body
    assert (tally["count"], tally["total"]) == (1, 2)
    assert queued(api) == []


@pytest.mark.parametrize("taken", ["reject", "spam"])
def test_a_refused_proposal_changes_nothing_of_the_review(api: Api, taken: str) -> None:
    review, proposal = propose(api)
    before = stored(review)

    decide(api, (proposal, taken))

    assert stored(review) == before
    assert queued(api) == []


def test_a_proposal_accepted_again_changes_nothing(api: Api) -> None:
    review, proposal = propose(api)
    decide(api, (proposal, "publish"))
    before = stored(review)

    again = decide(api, (proposal, "publish"))

    assert results_of(again) == ["unchanged"]
    assert stored(review) == before


def test_a_proposal_that_two_editors_accept_at_once_is_accepted_once(api: Api) -> None:
    review, proposal = propose(api)

    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(3, lambda: decide(api, (proposal, "publish")))
        late = decide(api, (proposal, "publish"))

    assert results_of(late) == ["unchanged"]
    assert stored(review).revision == 2


def test_a_proposal_that_is_edited_while_it_is_accepted_is_accepted_as_edited(api: Api) -> None:
    review, proposal = propose(api)

    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(3, lambda: edit(api, proposal, rating=3))
        answer = decide(api, (proposal, "publish"))

    assert results_of(answer) == ["changed"]
    assert stored(review).rating == stored(proposal).rating == 3


def test_a_proposal_for_a_withdrawn_review_cannot_be_accepted(api: Api) -> None:
    review, proposal = propose(api)
    withdraw(api, review)

    answer = decide(api, (proposal, "publish"))

    assert results_of(answer) == ["review_not_found"]
    assert stored(review).message == ""
    assert [one["id"] for one in queued(api)] == [proposal["id"]]


def test_a_proposal_for_a_review_that_another_replaced_cannot_be_accepted(api: Api) -> None:
    review, proposal = propose(api)
    withdraw(api, review)
    successor = submit(api, rating=4).body

    answer = decide(api, (proposal, "publish"))

    assert results_of(answer) == ["review_not_found"]
    assert stored(successor).rating == 4


def test_a_withdrawn_proposal_cannot_be_accepted(api: Api) -> None:
    review, proposal = propose(api)
    withdraw(api, proposal)

    answer = decide(api, (proposal, "publish"))

    assert results_of(answer) == ["review_not_found"]
    assert stored(review).revision == 1


def test_an_accepted_proposal_waits_again_once_it_is_edited(api: Api) -> None:
    review, proposal = propose(api)
    decide(api, (proposal, "publish"))

    edit(api, proposal, rating=1)

    assert [(one["id"], one["rating"]) for one in queued(api)] == [(proposal["id"], 1)]
    assert stored(review).rating == 2

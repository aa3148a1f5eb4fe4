"""What readers agree to when they review: asked, kept once for good, shown, and gone with them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.model import Consent
from chalicelib.store import attributes, client, consents, keys, quarantine
from localdev import page
from tests import builders
from tests.actions import (
    REVIEWS,
    decide,
    edit,
    queued,
    results_of,
    stored,
    submit,
    withdraw,
)
from tests.client import Answer, Api
from tests.conftest import Deliver
from tests.faults import Faults, Kind
from tests.functional.conftest import Clock
from tests.functional.test_erasing_readers import every_row, export
from tests.metering import Meter

pytestmark = pytest.mark.usefixtures("published")

Setting = Callable[..., None]
EMAIL = "grace@example.com"
TEXT = "I agree that my name and my words are public.\nI may take them back."
FIRST = {"CONSENT_REVISION": "2026-01", "CONSENT_TEXT": TEXT}
SECOND = {"CONSENT_REVISION": "2026-02", "CONSENT_TEXT": "I agree to everything."}


@pytest.fixture
def asked(setting: Setting) -> None:
    setting(**FIRST)


def agreeing(api: Api, revision: Any = "2026-01", **changes: Any) -> Answer:
    return submit(api, consent_revision=revision, **changes)


def kept() -> list[dict[str, Any]]:
    """Give the texts that are kept."""
    return [attributes.unpack(row) for row in every_row() if row["pk"]["S"] == "CONSENT"]


def held(api: Api) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = export(api, EMAIL).body["items"]
    return items


class TestAsking:
    def test_nothing_is_asked_unless_set(self, api: Api) -> None:
        answer = api.get("/consent")

        assert answer.body == {"required": False, "revision": None, "text": None}
        assert agreeing(api, "whatever").status == 201
        assert (kept(), held(api)[0]["consent"]) == ([], None)

    @pytest.mark.usefixtures("asked")
    def test_a_front_end_learns_what_to_show_and_a_cache_may_keep_it(self, api: Api) -> None:
        with Meter() as meter:
            answer = api.get("/consent")
        again = api.get("/consent", If_None_Match=answer.headers["etag"])

        assert answer.body == {"required": True, "revision": "2026-01", "text": TEXT}
        assert answer.headers["cache-control"].startswith("public")
        assert (again.status, meter.calls) == (304, [])

    @pytest.mark.usefixtures("asked")
    @pytest.mark.parametrize(
        ("sent", "code"),
        [
            ({}, "consent_required"),
            ({"consent_revision": None}, "consent_required"),
            ({"consent_revision": ""}, "consent_required"),
            ({"consent_revision": "2025-12"}, "consent_outdated"),
        ],
    )
    def test_who_did_not_agree_is_not_taken_in(
        self, api: Api, sent: dict[str, Any], code: str
    ) -> None:
        answer = submit(api, name="", **sent)

        assert answer.status == 422
        assert answer.codes == {"/name": "name_required", "/consent_revision": code}
        assert kept() == []

    @pytest.mark.usefixtures("asked")
    @pytest.mark.parametrize("sent", [7, True, ["2026-01"], "x" * 41])
    def test_what_is_no_revision_is_no_consent(self, api: Api, sent: Any) -> None:
        answer = agreeing(api, sent)

        assert answer.status == 422
        assert [one["code"] for one in answer.body["errors"]] == ["consent_revision_invalid"]

    @pytest.mark.usefixtures("asked")
    def test_the_page_of_a_laptop_shows_it_with_the_form(self) -> None:
        lines = dict(page.commands("http://127.0.0.1:8000", "key", builders.SLUG))

        (title,) = [name for name in lines if name.startswith("Review it")]
        assert TEXT in title
        assert '"consent_revision": "2026-01"' in lines[title]


@pytest.mark.usefixtures("asked")
class TestKeeping:
    def test_a_review_holds_the_revision_and_one_row_the_text(self, api: Api, clock: Clock) -> None:
        review = agreeing(api).body
        agreeing(api, email="ada@example.com")

        assert stored(review).consent == Consent("2026-01", clock.at)
        (row,) = kept()
        assert (row["sk"], row["text"]) == ("TEXT#2026-01", TEXT)
        assert json.dumps(every_row()).count("take them back") == 1

    def test_it_costs_one_write_in_a_process_and_none_with_each_review(self, api: Api) -> None:
        with Meter() as first:
            agreeing(api)
        with Meter() as second:
            agreeing(api, email="ada@example.com")
        consents.forget()
        with Meter() as other_process:
            agreeing(api, email="alan@example.com")

        assert (first.operations, first.table_units) == (["PutItem", "TransactWriteItems"], 5)
        assert (second.operations, second.table_units) == (["TransactWriteItems"], 4)
        assert other_process.operations == ["PutItem", "TransactWriteItems"]
        assert len(kept()) == 1

    def test_editors_and_the_export_give_revision_text_and_time(
        self, api: Api, setting: Setting
    ) -> None:
        setting(**FIRST, MODERATION="approve_first")
        review = agreeing(api).body
        given = {"revision": "2026-01", "text": TEXT, "given_at": review["submitted_at"]}

        assert held(api)[0]["consent"] == given
        assert queued(api)[0]["consent"] == given
        assert "consent" not in json.dumps([review, api.get(REVIEWS).body])

    def test_a_text_is_read_once_in_a_process(self, api: Api) -> None:
        agreeing(api)
        consents.forget()

        with Meter() as first:
            export(api, EMAIL)
        with Meter() as second:
            export(api, EMAIL)

        assert first.operations == ["Query", "BatchGetItem", "GetItem", "BatchGetItem"]
        assert second.operations == ["Query", "BatchGetItem", "GetItem"]

    def test_an_old_text_stays_when_another_is_asked(self, api: Api, setting: Setting) -> None:
        agreeing(api)
        setting(**SECOND)
        agreeing(api, "2026-02", email="ada@example.com")
        consents.forget()

        assert held(api)[0]["consent"]["text"] == TEXT
        assert sorted(row["sk"] for row in kept()) == ["TEXT#2026-01", "TEXT#2026-02"]

    def test_a_revision_may_be_called_like_another_row(
        self, api: Api, deliver: Deliver, setting: Setting
    ) -> None:
        setting(CONSENT_REVISION="ARTICLE", CONSENT_TEXT=TEXT)

        assert agreeing(api, "ARTICLE").status == 201
        deliver()

        assert quarantine.list_all() == []
        assert held(api)[0]["consent"]["text"] == TEXT

    def test_what_was_submitted_before_anything_was_asked_has_none(
        self, api: Api, setting: Setting
    ) -> None:
        setting(**dict.fromkeys(FIRST))
        submit(api)
        setting(**FIRST)

        assert held(api)[0]["consent"] is None

    @pytest.mark.parametrize("is_new_process", [False, True])
    def test_a_text_that_was_changed_without_its_revision_refuses_to_serve(
        self, api: Api, setting: Setting, caplog: pytest.LogCaptureFixture, is_new_process: bool
    ) -> None:
        agreeing(api)
        setting(CONSENT_REVISION="2026-01", CONSENT_TEXT="I agree to everything.")
        if is_new_process:
            consents.forget()

        answer = agreeing(api, email="ada@example.com")

        assert (answer.status, answer.code) == (500, "internal")
        assert [row["text"] for row in kept()] == [TEXT]
        assert "SettingsError" in str([getattr(one, "fields", {}) for one in caplog.records])
        assert len(api.get(REVIEWS).body["items"]) == 1

    @pytest.mark.parametrize("kind", ["throttle", "timeout", "lost_answer"])
    @pytest.mark.parametrize("step", [1, 2])
    def test_no_review_is_stored_before_its_text(self, api: Api, kind: Kind, step: int) -> None:
        with Faults(client.dynamodb()) as faults:
            faults.fail(step, kind, times=9)
            failed = agreeing(api)
        texts = len(kept())
        again = agreeing(api)

        assert (failed.status, again.status) == (503, 201)
        assert texts == (0 if step == 1 and kind != "lost_answer" else 1)
        assert (len(kept()), len(held(api))) == (1, 1)

    def test_two_processes_at_once_keep_one(self, api: Api) -> None:
        def another_process() -> None:
            agreeing(api, email="ada@example.com")
            consents.forget()

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(1, another_process)
            answer = agreeing(api)

        assert (answer.status, len(kept())) == (201, 1)

    def test_a_text_that_is_lost_is_told_as_such(self, api: Api) -> None:
        agreeing(api)
        consents.forget()
        table = settings.current().content_table
        client.write({"Delete": {"TableName": table, "Key": keys.consent("2026-01")}})

        assert held(api)[0]["consent"]["text"] is None


@pytest.mark.usefixtures("asked")
class TestAfterwards:
    def test_an_edit_keeps_what_was_agreed_to(self, api: Api, setting: Setting) -> None:
        review = agreeing(api).body
        before = stored(review).consent
        setting(**SECOND)

        assert edit(api, review, message="On second thought.").status == 200
        assert stored(review).consent == before

    def test_a_proposal_brings_its_own_and_renews_it_when_it_is_accepted(
        self, api: Api, setting: Setting
    ) -> None:
        review = agreeing(api).body
        setting(**SECOND)
        proposal = agreeing(api, "2026-02", message="On second thought.").body
        before = stored(review).consent

        decide(api, (proposal, "publish"))

        assert before is not None
        assert before.revision == "2026-01"
        assert stored(review).consent == stored(proposal).consent
        assert stored(review).consent != before

    def test_a_proposal_without_one_takes_none_away(self, api: Api, setting: Setting) -> None:
        review = agreeing(api).body
        before = stored(review).consent
        setting(**dict.fromkeys(FIRST))
        proposal = submit(api, message="On second thought.").body

        assert results_of(decide(api, (proposal, "publish"))) == ["changed"]
        assert (stored(review).message, stored(review).consent) == ("On second thought.", before)

    def test_the_same_again_changes_nothing_and_still_has_to_agree(
        self, api: Api, setting: Setting
    ) -> None:
        review = agreeing(api).body
        before = stored(review)
        setting(**SECOND)

        assert agreeing(api).codes == {"/consent_revision": "consent_outdated"}
        assert agreeing(api, "2026-02").status == 201
        assert stored(review) == before

    def test_it_stays_with_what_was_withdrawn_and_goes_with_an_erasure(self, api: Api) -> None:
        review = agreeing(api).body
        withdraw(api, review)
        withdrawn = stored(review).consent

        api.post("/editor/readers/erase", {"email": EMAIL}, editor=True)

        assert withdrawn is not None
        assert stored(review).consent is None
        rows = [row for row in every_row() if row["pk"]["S"] != "CONSENT"]
        assert "2026-01" not in json.dumps(rows)

"""What became of what readers sent in, by stars, for everybody to see."""

from collections.abc import Callable, Iterator

import pytest

from chalicelib.guard import captcha
from chalicelib.model import now
from chalicelib.store import aliases, keys, tallies
from chalicelib.store.tallies import Entry
from chalicelib.workers import reconcile
from chalicelib.workers.retention import forget_expired
from tests import builders, rows
from tests.actions import ARTICLE, DECISIONS, decide, edit, report, stored, submit, vote, withdraw
from tests.client import Answer, Api
from tests.conftest import Deliver
from tests.functional.test_retention import DAY

pytestmark = pytest.mark.usefixtures("published")

Setting = Callable[..., None]
WIDE = "network=99/1h reader=9/1h article=99/1h site=99/1d"
PATH = f"{ARTICLE}/moderation"
SUBMISSIONS = ("new", "again", "blocked", "spam", "spam again", "back again", "erased before")


def counts(api: Api, deliver: Deliver) -> dict[str, int]:
    """Give the numbers that are not 0, `held_1` and the like, and check that they add up."""
    deliver()
    body = api.get(PATH).body
    assert rows.numbers_of() == rows.recount_of() == rows.sum_of_ledger()
    names = ("published", "held", "removed", "withdrawn")
    for row in (body, *body["by_stars"]):
        assert row["received"] == sum(row[name] for name in names)
    for name in (*names, "received"):
        assert body[name] == sum(row[name] for row in body["by_stars"])
    assert [row["stars"] for row in body["by_stars"]] == [1, 2, 3, 4, 5]
    return {
        f"{name}_{row['stars']}": row[name]
        for row in body["by_stars"]
        for name in names
        if row[name]
    }


def erase(api: Api, email: str) -> None:
    assert api.post("/editor/readers/erase", {"email": email}, editor=True).status == 200


class TestAnswer:
    def test_an_article_that_nobody_reviewed_has_a_row_for_each_star(self, api: Api) -> None:
        nothing = {"received": 0, "published": 0, "held": 0, "removed": 0, "withdrawn": 0}

        body = api.get(PATH).body

        by_stars = [{"stars": stars} | nothing for stars in range(1, 6)]
        assert body == nothing | {"by_stars": by_stars, "as_of": None, "revision": 0}

    def test_it_is_asked_for_again_and_hidden_as_the_tally_is(
        self, api: Api, deliver: Deliver
    ) -> None:
        before = api.get(PATH).headers["etag"]
        submit(api, website="x")
        deliver()
        after = api.get(PATH)

        assert after.headers["etag"] != before
        assert (after.body["revision"], after.body["held"]) == (1, 1)
        assert api.get(PATH, If_None_Match=after.headers["etag"]).status == 304
        assert api.get(PATH.replace("first-light", "missing")).code == "article_not_found"
        api.delete(ARTICLE, editor=True, If_Match="*")
        assert api.get(PATH).code == "article_retracted"

    def test_the_tally_is_none_the_wiser_of_what_the_public_cannot_read(
        self, api: Api, deliver: Deliver
    ) -> None:
        submit(api, email="ada@example.com", rating=4)
        deliver()
        before = [api.get(path) for path in (ARTICLE, f"{ARTICLE}/tally", "/articles?sort=top")]

        submit(api, website="x", rating=1)

        assert counts(api, deliver) == {"published_4": 1, "held_1": 1}
        after = [api.get(path) for path in (ARTICLE, f"{ARTICLE}/tally", "/articles?sort=top")]
        assert [(one.headers["etag"], one.body) for one in after] == [
            (one.headers["etag"], one.body) for one in before
        ]


class TestLife:
    def test_every_step_of_a_review_is_counted(
        self, api: Api, deliver: Deliver, setting: Setting
    ) -> None:
        setting(MODERATION="approve_first")
        review = submit(api, rating=1).body
        seen = [counts(api, deliver)]
        for decision in ("publish", "reject", "publish", "spam"):
            decide(api, (review, decision))
            seen.append(counts(api, deliver))
        edit(api, review, rating=2)
        seen.append(counts(api, deliver))
        withdraw(api, review)
        seen.append(counts(api, deliver))
        erase(api, builders.submission()["email"])
        seen.append(counts(api, deliver))

        assert [tuple(one) for one in seen] == [
            ("held_1",),
            ("published_1",),
            ("removed_1",),
            ("published_1",),
            ("removed_1",),
            ("removed_2",),
            ("removed_2",),
            ("removed_2",),
        ]

    def test_what_was_rejected_stays_counted_when_it_is_forgotten(
        self, api: Api, deliver: Deliver, setting: Setting
    ) -> None:
        setting(RETENTION="spam=30d rejected=30d")
        for who, decision in (("ada", "reject"), ("eve", "spam"), ("bob", "publish")):
            review = submit(api, email=f"{who}@example.com", rating=2).body
            decide(api, (review, decision))
        before = counts(api, deliver)

        assert forget_expired(now() + 31 * DAY) == {"forgotten": 2}

        assert counts(api, deliver) == before == {"removed_2": 2, "published_2": 1}

    def test_votes_and_reports_are_no_reviews(self, api: Api, deliver: Deliver) -> None:
        review = submit(api).body
        vote(api, review)
        report(api, review)

        assert counts(api, deliver) == {"published_5": 1}

    @pytest.mark.parametrize(
        ("decision", "expected"),
        [
            ("publish", {"published_1": 1}),
            ("reject", {"published_5": 1, "removed_1": 1}),
            ("spam", {"published_5": 1, "removed_1": 1}),
        ],
    )
    def test_a_change_counts_until_it_is_its_review(
        self, api: Api, deliver: Deliver, decision: str, expected: dict[str, int]
    ) -> None:
        submit(api)
        proposal = submit(api, message="On second thought.", rating=1).body
        waiting = counts(api, deliver)

        decide(api, (proposal, decision))

        assert waiting == {"published_5": 1, "held_1": 1}
        assert counts(api, deliver) == expected

    def test_a_change_that_was_accepted_counts_again_once_it_is_another(
        self, api: Api, deliver: Deliver
    ) -> None:
        submit(api)
        proposal = submit(api, message="On second thought.", rating=1).body
        decide(api, (proposal, "publish"))

        edit(api, proposal, rating=2)
        again = counts(api, deliver)
        withdraw(api, proposal)

        assert again == {"published_1": 1, "held_2": 1}
        assert counts(api, deliver) == {"published_1": 1, "withdrawn_2": 1}

    def test_a_change_that_was_accepted_is_not_counted_when_it_is_withdrawn_or_erased(
        self, api: Api, deliver: Deliver
    ) -> None:
        submit(api)
        proposal = submit(api, message="On second thought.", rating=1).body
        decide(api, (proposal, "publish"))

        withdraw(api, proposal)
        before = counts(api, deliver)
        erase(api, builders.submission()["email"])

        assert before == {"published_1": 1}
        assert counts(api, deliver) == {"withdrawn_1": 1}

    def test_who_writes_again_leaves_what_was_there_counted(
        self, api: Api, deliver: Deliver
    ) -> None:
        for rating in (1, 2):
            withdraw(api, submit(api, rating=rating, message=f"{rating} of 5.").body)
        refused = submit(api, rating=3).body
        decide(api, (refused, "reject"))
        withdraw(api, refused)
        erase(api, builders.submission()["email"])
        last = submit(api, rating=4).body

        now_ = counts(api, deliver)
        withdraw(api, last)

        gone = {"withdrawn_1": 1, "withdrawn_2": 1, "removed_3": 1}
        assert now_ == gone | {"published_4": 1}
        assert counts(api, deliver) == gone | {"withdrawn_4": 1}


class TestSpam:
    def test_what_the_filter_took_for_spam_leaves_nothing(self, api: Api, deliver: Deliver) -> None:
        spam = submit(api, website="x", rating=1).body
        submit(api, email="ada@example.com", rating=4)
        before = counts(api, deliver)
        rows.delete(rows.key_of(stored(spam)))

        after = counts(api, deliver)
        again = submit(api, rating=2).body

        assert (before, after) == ({"held_1": 1, "published_4": 1}, {"published_4": 1})
        # Its key begins anew at the first revision, and is counted all the same.
        assert stored(again).revision == 1
        assert counts(api, deliver) == {"published_4": 1, "published_2": 1}

    def test_its_ledger_entry_forgets_itself_too(self, api: Api, deliver: Deliver) -> None:
        spam = submit(api, website="x").body
        deliver()
        rows.delete(rows.key_of(stored(spam)))
        deliver()

        (entry,) = rows.ledger_rows()

        assert entry["contribution"] == {"N": "0"}
        assert int(entry["expires_at"]["N"]) > (now() + 6 * DAY).timestamp()

    @pytest.mark.parametrize(
        ("decision", "expected"),
        [("publish", "published_1"), ("reject", "removed_1"), ("spam", "removed_1")],
    )
    def test_an_editor_who_looked_at_it_is_counted(
        self, api: Api, deliver: Deliver, decision: str, expected: str
    ) -> None:
        spam = submit(api, website="x", rating=1).body
        deliver()

        decide(api, (spam, decision))

        assert counts(api, deliver) == {expected: 1}
        assert stored(spam).expires_at is None

    def test_what_an_editor_blocks_cannot_vanish_uncounted(
        self, api: Api, deliver: Deliver, setting: Setting
    ) -> None:
        setting(LIMITS=WIDE)
        api.post("/editor/blocks", {"kind": "word", "value": "bad"}, editor=True)
        blocked = submit(api, message="It is bad.", rating=1).body
        waiting = counts(api, deliver)

        assert forget_expired(now() + 31 * DAY) == {"forgotten": 1}

        assert stored(blocked).expires_at is None
        assert waiting == {"held_1": 1}
        assert counts(api, deliver) == {"removed_1": 1}

    def test_what_the_filter_finds_as_well_is_spam_without_the_block(
        self, api: Api, setting: Setting
    ) -> None:
        setting(LIMITS=WIDE)
        api.post("/editor/blocks", {"kind": "word", "value": "bad"}, editor=True)

        assert stored(submit(api, message="It is bad.", website="x").body).expires_at is not None

    def test_who_sent_it_does_not_see_by_an_edit_what_it_was_taken_for(
        self, api: Api, deliver: Deliver, setting: Setting
    ) -> None:
        """Its count goes to another entry of the ledger, which is nobody's business."""
        setting(MODERATION="approve_first")
        seen = []
        for trap in ("", "x"):
            review = submit(api, email=f"ada{trap}@example.com", website=trap).body
            deliver()
            before = api.get(PATH)
            edit(api, review, message="In other words.")
            deliver()
            after = api.get(PATH)
            seen.append(
                (after.body == before.body, after.headers["etag"] == before.headers["etag"])
            )

        assert seen == [(True, True)] * 2
        assert rows.numbers_of() == rows.sum_of_ledger() == rows.numbers(held_5=2)


@pytest.mark.usefixtures("clock")
def test_the_counts_do_not_tell_who_somebody_is(
    api: Api, deliver: Deliver, setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sends something in a stranger's name, or spam, sees one more that is held."""
    monkeypatch.setattr(captcha, "is_solved", lambda _: True)
    setting(MODERATION="approve_first", LIMITS=WIDE)
    for who in ("again", "back again", "erased before"):
        first = submit(api, email=f"{who.replace(' ', '-')}@example.com", rating=3).body
        if who == "back again":
            withdraw(api, first)
    submit(api, email="spam-again@example.com", rating=3, website="x")
    erase(api, "erased-before@example.com")
    entry = {"kind": "reader", "value": "blocked@example.com"}
    api.post("/editor/blocks", entry, editor=True)
    seen = counts(api, deliver)

    steps = []
    for who in SUBMISSIONS:
        trap = "x" if who == "spam" else ""
        email = f"{who.replace(' ', '-')}@example.com"
        submit(api, email=email, rating=2, message="Never seen before.", website=trap)
        before, seen = seen, counts(api, deliver)
        steps.append({name: n - before.get(name, 0) for name, n in seen.items()})

    assert [{name: n for name, n in step.items() if n} for step in steps] == [{"held_2": 1}] * len(
        SUBMISSIONS
    )


class TestReconciler:
    def test_what_moves_while_the_ledger_is_read_is_no_drift(
        self, api: Api, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spam = submit(api, website="x").body
        deliver()
        read = tallies.every_entry
        moved: list[Answer] = []

        def in_parts(slug: str) -> Iterator[tuple[bytes, Entry]]:
            """Move it between two pages: to the one that was read, from the one that was not."""
            if moved:
                yield from read(slug)
                return
            moved.append(edit(api, spam, message="In other words."))
            deliver()
            yield from (one for one in read(slug) if keys.is_passing(one[0]))

        monkeypatch.setattr(tallies, "every_entry", in_parts)

        assert reconcile.reconcile(builders.SLUG, repair=False).causes == ()

    def test_what_was_lost_is_counted_again(self, api: Api, deliver: Deliver) -> None:
        deliver()
        reviews = [submit(api, email=f"{n}@example.com", website="x").body for n in range(4)]
        decide(api, (reviews[0], "spam"), (reviews[1], "publish"))
        withdraw(api, reviews[2])

        drift = reconcile.reconcile(builders.SLUG, repair=True)

        assert drift.causes == ("a write to a review was not counted (4 times)",)
        assert drift.expected == rows.numbers(5, removed_5=1, withdrawn_5=1, held_5=1)
        assert rows.numbers_of() == drift.expected == rows.sum_of_ledger()
        assert counts(api, deliver)["held_5"] == 1
        assert reconcile.reconcile(builders.SLUG, repair=False).causes == ()

    def test_a_decision_on_spam_that_was_lost_is_counted_at_both_places(
        self, api: Api, deliver: Deliver
    ) -> None:
        spam = submit(api, website="x").body
        deliver()
        decide(api, (spam, "spam"))

        drift = reconcile.reconcile(builders.SLUG, repair=True)

        assert drift.causes == ("a write to a review was not counted (2 times)",)
        assert rows.numbers_of() == rows.numbers(removed_5=1) == rows.sum_of_ledger()
        assert counts(api, deliver) == {"removed_5": 1}

    def test_a_decision_that_may_be_on_its_way_is_not_lost(
        self, api: Api, deliver: Deliver
    ) -> None:
        spam = submit(api, website="x").body
        deliver()
        decide(api, (spam, "spam"))

        drift = reconcile.reconcile(builders.SLUG, repair=True, grace=reconcile.GRACE)

        assert drift.causes == ()
        assert rows.numbers_of() == rows.numbers(held_5=1)

    @pytest.mark.parametrize(
        ("grace", "causes"),
        [(0, ("a ledger entry has no readable review",)), (1, ())],
    )
    def test_spam_that_is_gone_is_taken_back_and_alarms_nobody(
        self, api: Api, deliver: Deliver, grace: int, causes: tuple[str, ...]
    ) -> None:
        spam = submit(api, website="x").body
        deliver()
        rows.delete(rows.key_of(stored(spam)))

        drift = reconcile.reconcile(builders.SLUG, repair=True, grace=grace * reconcile.GRACE)

        assert drift.causes == causes
        assert counts(api, deliver) == {}

    def test_a_row_of_an_earlier_release_is_counted_anew(self, api: Api, deliver: Deliver) -> None:
        """Entries and tallies of before hold published stars alone."""
        public, hidden = (submit(api, email=f"{who}@example.com").body for who in "ab")
        decide(api, (hidden, "reject"))
        deliver()
        rows.forget_counts()

        drift = reconcile.reconcile(builders.SLUG, repair=True)

        assert drift.causes == ("a ledger entry is ahead of its review or was altered",)
        withdraw(api, public)
        assert counts(api, deliver) == {"removed_5": 1, "withdrawn_5": 1}


def test_a_stale_decision_counts_nothing(api: Api, deliver: Deliver) -> None:
    review = submit(api, rating=1).body
    edit(api, review, rating=2)
    seen = {"slug": builders.SLUG, "id": review["id"], "decision": "reject", "revision": 1}

    api.post(DECISIONS, {"decisions": [seen]}, editor=True)

    assert counts(api, deliver) == {"published_2": 1}


def test_the_counts_of_an_article_go_by_each_of_its_slugs(api: Api, deliver: Deliver) -> None:
    submit(api, website="x")
    before = counts(api, deliver)
    body = {"slug": "last-light"}

    answer = api.post(f"/editor{ARTICLE}/move", body, editor=True, If_Match="*")

    assert answer.status == 200, answer.text
    slugs = ("last-light", "first-light")
    assert [api.get(f"/articles/{slug}/moderation").body["held"] for slug in slugs] == [1, 1]
    assert before == {"held_5": 1}
    aliases.forget()

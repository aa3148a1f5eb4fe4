"""What a stream record asks of the tally."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.model import (
    ArticleStatus,
    Gate,
    Image,
    Outcome,
    Reply,
    Review,
    ReviewKey,
    ReviewStatus,
)
from chalicelib.rules.ratings import outcomes
from chalicelib.store import items, keys
from chalicelib.store.attributes import Item
from chalicelib.store.items import MalformedItemError
from chalicelib.store.tallies import Entry
from chalicelib.workers import records
from chalicelib.workers.records import ArticleChange, ReviewChange
from tests import rows
from tests.builders import SLUG

DIGEST = rows.digest(1)
PROPOSAL = ReviewKey("P", rows.digest(7))
HIDDEN = {
    ReviewStatus.PENDING: "held_5",
    ReviewStatus.SPAM: "held_5",
    ReviewStatus.REJECTED: "removed_5",
    ReviewStatus.WITHDRAWN: "withdrawn_5",
    ReviewStatus.ERASED: "withdrawn_5",
}


def status(review: Review, revision: int, now: ReviewStatus) -> Review:
    return replace(review, revision=revision, status=now)


def asked(revision: int, contribution: int = 0, **hidden: int) -> ReviewChange:
    """Give what is asked for the review of the reader of number 1."""
    return ReviewChange(SLUG, {DIGEST: Entry(revision, contribution, tuple(hidden.items()))})


def image(**changes: Item | None) -> Item:
    """Give a review's image with some attributes changed, and None ones left out."""
    changed = items.review_item(rows.review(message="Nobody else may read this")) | changes
    return {name: value for name, value in changed.items() if value is not None}


class TestReviews:
    def test_a_new_published_review_contributes_its_stars(self) -> None:
        change = records.read(rows.record(None, rows.review(rating=4)))

        assert change == asked(1, 4)

    @pytest.mark.parametrize("hidden", [one for one in ReviewStatus if one != "published"])
    def test_a_new_hidden_review_counts_as_what_became_of_it(self, hidden: ReviewStatus) -> None:
        change = records.read(rows.record(None, rows.review(status=hidden)))

        assert change == asked(1, **{HIDDEN[hidden]: 1})

    @pytest.mark.parametrize("hidden", [one for one in ReviewStatus if one != "published"])
    def test_a_review_that_is_hidden_contributes_no_stars_any_more(
        self, hidden: ReviewStatus
    ) -> None:
        old = rows.review()

        change = records.read(rows.record(old, status(old, 2, hidden)))

        assert change == asked(2, **{HIDDEN[hidden]: 1})

    def test_a_review_that_is_published_later_contributes_from_then_on(self) -> None:
        old = rows.review(status=ReviewStatus.PENDING)

        change = records.read(rows.record(old, status(old, 2, ReviewStatus.PUBLISHED)))

        assert change == asked(2, 5)

    def test_a_changed_rating_is_the_new_contribution(self) -> None:
        change = records.read(rows.record(rows.review(rating=2), rows.review(rating=3, revision=2)))

        assert change == asked(2, 3)

    @pytest.mark.parametrize(
        "changes",
        [{"message": "Other words"}, {"name": "Ada"}, {"reply": Reply("Thank you.", rows.AT)}, {}],
    )
    def test_other_changes_of_a_review_ask_nothing(self, changes: dict[str, Any]) -> None:
        change = records.read(rows.record(rows.review(), rows.review(revision=2, **changes)))

        assert change is None

    def test_a_hidden_review_that_is_hidden_otherwise_is_counted_so(self) -> None:
        old = rows.review(status=ReviewStatus.PENDING)

        change = records.read(rows.record(old, status(old, 2, ReviewStatus.REJECTED)))

        assert change == asked(2, removed_5=1)

    def test_a_hidden_review_that_stays_so_asks_nothing(self) -> None:
        old = rows.review(status=ReviewStatus.WITHDRAWN)

        change = records.read(rows.record(old, status(old, 2, ReviewStatus.ERASED)))

        assert change is None

    @pytest.mark.parametrize("key", [ReviewKey("R", DIGEST), ReviewKey("P", DIGEST)])
    def test_a_proposal_counts_like_a_review_until_it_is_taken_into_its_review(
        self, key: ReviewKey
    ) -> None:
        waits = rows.review(key=key, status=ReviewStatus.PENDING)
        accepted = replace(
            waits, revision=2, status=ReviewStatus.PUBLISHED, outcome=Outcome.PUBLISHED
        )

        changes = [records.read(rows.record(*one)) for one in ((None, waits), (waits, accepted))]

        assert changes == [asked(1, held_5=1), asked(2, 5 if key.kind == "R" else 0)]

    def test_a_proposal_that_was_taken_in_counts_no_more_whoever_ends_it(self) -> None:
        accepted = rows.review(
            key=PROPOSAL, status=ReviewStatus.PUBLISHED, outcome=Outcome.PUBLISHED
        )

        change = records.read(rows.record(accepted, status(accepted, 2, ReviewStatus.ERASED)))

        assert change is None

    def test_what_gave_way_to_a_review_stays_counted(self) -> None:
        old = rows.review(status=ReviewStatus.WITHDRAWN, rating=2)
        new = rows.review(revision=2, earlier=outcomes(old))

        change = records.read(rows.record(old, new))

        assert change == asked(2, 5, withdrawn_2=1)


class TestSpamThatForgetsItself:
    SPAM = rows.review(status=ReviewStatus.SPAM, rating=1, expires_at=1_800_000_000)
    BY_ID = keys.passing_digest(SPAM.id)

    def test_it_is_counted_as_held_under_its_id(self) -> None:
        change = records.read(rows.record(None, self.SPAM))

        assert change == ReviewChange(SLUG, {self.BY_ID: Entry(1, 0, (("held_1", 1),))})

    def test_it_is_taken_back_when_it_is_gone(self) -> None:
        change = records.read(rows.record(self.SPAM, None))

        assert change == ReviewChange(SLUG, {self.BY_ID: Entry(2)})

    @pytest.mark.parametrize(
        ("changes", "hidden"),
        [
            ({"status": ReviewStatus.PUBLISHED}, {}),
            ({"outcome": Outcome.REMOVED}, {"removed_1": 1}),
            ({"status": ReviewStatus.WITHDRAWN}, {"withdrawn_1": 1}),
            ({"message": "Other words."}, {"held_1": 1}),
        ],
    )
    def test_it_goes_over_to_its_key_with_the_next_write(
        self, changes: dict[str, Any], hidden: dict[str, int]
    ) -> None:
        new = replace(self.SPAM, revision=2, expires_at=None, **changes)

        change = records.read(rows.record(self.SPAM, new))

        stars = 0 if hidden else 1
        entries = {DIGEST: Entry(2, stars, tuple(hidden.items())), self.BY_ID: Entry(2)}
        assert change == ReviewChange(SLUG, entries)

    def test_a_removal_is_a_revision_of_its_own(self) -> None:
        change = records.read(rows.record(rows.review(revision=3), None))

        assert change == asked(4, 0)

    def test_a_removal_by_time_to_live_is_a_removal(self) -> None:
        record = rows.record(rows.review(revision=3), None)
        record["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

        change = records.read(record)

        assert change == asked(4, 0)

    def test_a_row_that_was_repaired_is_left_to_the_ledger(self) -> None:
        record = rows.record_of(image(rating={"N": "9"}), image(revision={"N": "2"}))

        change = records.read(record)

        assert change == asked(2, 5)

    def test_a_row_that_was_repaired_and_is_hidden_is_left_to_the_ledger(self) -> None:
        hidden = image(revision={"N": "2"}, status={"S": "spam"})

        change = records.read(rows.record_of(image(rating=None), hidden))

        assert change == asked(2, held_5=1)


class TestArticles:
    def test_a_new_public_article_is_placed(self) -> None:
        article = rows.article()

        change = records.read(rows.record(None, article))

        assert change == ArticleChange(SLUG, 1, None, article.summary, is_moved=True)

    @pytest.mark.parametrize("hidden", [one for one in ArticleStatus if one != "published"])
    def test_a_new_hidden_article_asks_nothing(self, hidden: ArticleStatus) -> None:
        change = records.read(rows.record(None, rows.article(status=hidden)))

        assert change is None

    @pytest.mark.parametrize("hidden", [one for one in ArticleStatus if one != "published"])
    def test_an_article_that_is_hidden_is_taken_off(self, hidden: ArticleStatus) -> None:
        old, new = rows.article(), rows.article(2, status=hidden)

        change = records.read(rows.record(old, new))

        assert change == ArticleChange(SLUG, 2, old.summary, new.summary, is_moved=True)
        assert change.summary is None

    def test_an_article_that_is_public_again_is_placed_again(self) -> None:
        retracted, article = rows.article(2, status=ArticleStatus.RETRACTED), rows.article(3)

        change = records.read(rows.record(retracted, article))

        assert change == ArticleChange(SLUG, 3, retracted.summary, article.summary, is_moved=True)
        assert change.summary == article.summary

    @pytest.mark.parametrize(
        "changes",
        [
            {"tags": ("printing",)},
            {"author": None},
            {"published_at": rows.AT - timedelta(days=1)},
        ],
    )
    def test_what_the_place_depends_on_places_it_anew(self, changes: dict[str, Any]) -> None:
        old, new = rows.article(), rows.article(2, **changes)

        change = records.read(rows.record(old, new))

        assert change == ArticleChange(SLUG, 2, old.summary, new.summary, is_moved=True)

    @pytest.mark.parametrize(
        "changes",
        [
            {"title": "Last light"},
            {"description": "Dusk."},
            {"image": Image("https://example.com/dome.jpg", "A dome", "")},
            {"slug": "last-light", "moved_from": SLUG},
        ],
    )
    def test_what_others_show_of_an_article_is_a_change_that_moves_nothing(
        self, changes: dict[str, Any]
    ) -> None:
        old, new = rows.article(), rows.article(2, **changes)

        change = records.read(rows.record(old, new))

        assert change == ArticleChange(SLUG, 2, old.summary, new.summary, is_moved=False)

    def test_a_change_of_the_text_alone_asks_nothing(self) -> None:
        later = rows.AT + timedelta(days=1)
        new = replace(rows.article(2, updated_at=later), body_markdown="It closes.", body_html="")

        assert records.read(rows.record(rows.article(), new)) is None

    def test_a_change_of_what_is_not_public_asks_nothing(self) -> None:
        draft = rows.article(status=ArticleStatus.DRAFT)
        new = rows.article(2, status=ArticleStatus.SCHEDULED, title="Last light", tags=("optics",))

        assert records.read(rows.record(draft, new)) is None

    @pytest.mark.parametrize(
        "broken",
        [
            {"revision": {"S": "1"}},
            {"revision": {"N": "0"}},
            {"tags": {"S": "astronomy"}},
            {"tags": {"L": [{"N": "1"}]}},
            {"author": {"N": "1"}},
            {"published_at": {"S": "9999-12-31T23:59:59-01:00"}},
            {"status": {"S": "public"}},
        ],
    )
    def test_an_article_that_cannot_be_read_is_malformed(self, broken: Item) -> None:
        article = items.article_item(rows.article()) | broken

        with pytest.raises(MalformedItemError):
            records.read(rows.record_of(None, article))

    def test_a_removed_article_is_taken_off(self) -> None:
        removed = rows.article(4)

        change = records.read(rows.record(removed, None))

        assert change == ArticleChange(SLUG, 5, removed.summary, None, is_moved=True)
        assert change.summary is None

    @pytest.mark.parametrize("is_public", [True, False])
    def test_an_article_that_was_repaired_is_placed_as_it_is_now(self, is_public: bool) -> None:
        broken = items.article_item(rows.article()) | {"title": {"NULL": True}}
        hidden = {} if is_public else {"status": ArticleStatus.RETRACTED}
        article = rows.article(2, **hidden)

        change = records.read(rows.record_of(broken, items.article_item(article)))

        assert change == ArticleChange(SLUG, 2, None, article.summary, is_moved=True)


@pytest.mark.parametrize(
    "row",
    [
        items.gate_item(SLUG, Gate(is_public=True)),
        keys.key("METER#x", "2026-03"),
        keys.key(keys.article_pk(SLUG), "NOTE#R#1"),
    ],
    ids=["gate", "foreign partition", "foreign row"],
)
@pytest.mark.parametrize("is_removal", [False, True])
def test_rows_that_are_never_counted_ask_nothing(row: Item, is_removal: bool) -> None:
    record = rows.record_of(row, None) if is_removal else rows.record_of(None, row)

    assert records.read(record) is None


BROKEN_IMAGES = {
    "nine stars": image(rating={"N": "9"}),
    "no stars": image(rating={"N": "0"}),
    "half a star": image(rating={"N": "4.5"}),
    "stars as text": image(rating={"S": "5"}),
    "no rating": image(rating=None),
    "rating null": image(rating={"NULL": True}),
    "no revision": image(revision=None),
    "revision zero": image(revision={"N": "0"}),
    "revision as text": image(revision={"S": "1"}),
    "no status": image(status=None),
    "unknown status": image(status={"S": "Nobody else may read this"}),
    "no id": image(id=None),
    "message in bytes": image(message={"B": b"Nobody else may read this"}),
    "no time": image(changed_at=None),
    "time without an offset": image(changed_at={"S": "2026-03-14T08:00:00"}),
    "time out of range": image(changed_at={"S": "9999-12-31T23:59:59-01:00"}),
    "time that is none": image(submitted_at={"S": "Nobody else may read this"}),
    "short digest": image(sk={"S": "R#MFRGG"}),
    "digest that is none": image(sk={"S": "R#Nobody else may read this"}),
    "partition of no article": image(pk={"S": "B#first-light"}),
    "article without a slug": image(pk={"S": "A#"}),
    "article with a review's form": image(sk={"S": "ARTICLE"}),
}


@pytest.mark.parametrize("broken", BROKEN_IMAGES.values(), ids=list(BROKEN_IMAGES))
@pytest.mark.parametrize("is_removal", [False, True])
def test_a_row_that_cannot_be_read_is_malformed(broken: Item, is_removal: bool) -> None:
    record = rows.record_of(broken, None) if is_removal else rows.record_of(None, broken)

    with pytest.raises(MalformedItemError) as raised:
        records.read(record)

    assert "Nobody" not in repr(raised.value)
    assert raised.value.__suppress_context__


def stream(**changes: Any) -> dict[str, Any]:
    record = rows.record(rows.review(), rows.review(rating=2, revision=2))
    changed = record["dynamodb"] | changes
    return {"dynamodb": {name: value for name, value in changed.items() if value is not None}}


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"dynamodb": None},
        {"dynamodb": "text"},
        stream(Keys=None),
        stream(Keys={}),
        stream(Keys={"pk": {"S": "A#first-light"}}),
        stream(Keys={"pk": {}, "sk": {}}),
        stream(Keys={"pk": {"B": b"A#first-light"}, "sk": {"B": b"ARTICLE"}}),
        stream(NewImage=None, OldImage=None),
        stream(NewImage="text"),
        stream(NewImage={}),
        stream(Keys=keys.article(SLUG), NewImage=None, OldImage=None),
    ],
)
def test_a_record_that_cannot_be_read_is_malformed(record: dict[str, Any]) -> None:
    with pytest.raises(MalformedItemError):
        records.read(record)


@pytest.mark.parametrize(
    ("record", "number", "slug"),
    [
        (rows.record(None, rows.review(), 42), "42", SLUG),
        ({"dynamodb": {"SequenceNumber": "7", "Keys": keys.gate("far")}}, "7", "far"),
        ({"dynamodb": {"Keys": {"pk": {"S": "T#far"}}}}, "", ""),
        ({"dynamodb": {"Keys": {"pk": {"N": "1"}}}}, "", ""),
        ({"dynamodb": "text"}, "", ""),
        ({}, "", ""),
    ],
)
def test_a_record_tells_its_place_and_article_as_far_as_it_can(
    record: dict[str, Any], number: str, slug: str
) -> None:
    assert (records.sequence_number(record), records.slug_of(record)) == (number, slug)

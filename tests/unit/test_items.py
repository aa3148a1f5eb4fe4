"""The one conversion between rows and values."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.model import (
    Article,
    ArticleStatus,
    Image,
    Outcome,
    PublicReview,
    Reply,
    Review,
    ReviewHandle,
    ReviewKey,
    ReviewStatus,
    Summary,
    Tally,
    rfc3339,
)
from chalicelib.store import attributes, items, keys
from chalicelib.store.attributes import Item
from chalicelib.store.items import MalformedItemError
from tests import rows

# The same examples in every run; no deadline, because a busy machine is no bug.
bounded = settings(max_examples=40, deadline=None, derandomize=True, database=None)

SECRET = "nobody else may read this"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
integers = st.integers(min_value=1, max_value=10**38 - 1)
times = st.datetimes(
    datetime(1000, 1, 1),  # noqa: DTZ001 - hypothesis takes naive bounds
    datetime(9999, 12, 31, 23, 59, 59),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda at: at.replace(microsecond=0))
slugs = st.text("abcxyz019-", min_size=1, max_size=80)
tags = st.lists(slugs, max_size=3)
review_keys = st.builds(ReviewKey, st.sampled_from(["R", "P"]), st.binary(min_size=16, max_size=16))
replies = st.builds(Reply, texts, times)
stars = st.integers(1, 5)
summaries = st.builds(
    Summary,
    slug=slugs,
    title=texts,
    description=texts,
    image=st.none() | st.builds(Image, texts, texts, texts),
    author=st.none() | texts,
    tags=tags.map(tuple),
    published_at=st.none() | times,
    updated_at=times,
    revision=integers,
    status=st.sampled_from(ArticleStatus),
)
articles = st.builds(Article, summaries, texts, texts)
reviews = st.builds(
    Review,
    slug=slugs,
    key=review_keys,
    id=texts,
    revision=integers,
    status=st.sampled_from(ReviewStatus),
    answered_status=st.sampled_from(ReviewStatus),
    name=texts,
    message=texts,
    rating=stars,
    submitted_at=times,
    edited_at=st.none() | times,
    changed_at=times,
    reply=st.none() | replies,
    reader=texts,
    fingerprint=texts,
    idempotency=texts,
    proposed_for=st.none() | st.builds(ReviewHandle, review_keys, texts),
    helpful=st.integers(0, 10**9),
    outcome=st.none() | st.sampled_from(Outcome),
)
attribute = st.recursive(
    st.one_of(
        st.fixed_dictionaries({"S": st.just(SECRET) | st.just("9999-12-31T23:59:59-01:00")}),
        st.fixed_dictionaries({"N": st.sampled_from(["0", "-1", "2.5", "7", "1E+30", "9" * 38])}),
        st.fixed_dictionaries({"B": st.just(SECRET.encode())}),
        st.fixed_dictionaries({"SS": st.just([SECRET])}),
        st.sampled_from([{"BOOL": True}, {"NULL": True}, {}]),
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"L": st.lists(inner, max_size=2)}),
        st.fixed_dictionaries({"M": st.dictionaries(st.just(SECRET), inner, max_size=1)}),
    ),
    max_leaves=3,
)


@bounded
@given(articles)
def test_an_article_is_read_as_it_was_written(article: Article) -> None:
    assert items.article_from(items.article_item(article)) == article


@bounded
@given(articles)
def test_a_summary_is_read_from_its_articles_row(article: Article) -> None:
    assert items.summary_from(items.article_item(article)) == article.summary


@bounded
@given(summaries)
def test_a_summary_is_read_as_it_was_written(summary: Summary) -> None:
    row = keys.key("LIST#all", "1") | attributes.pack(items.pack_summary(summary))

    assert items.summary_from(row) == summary


@bounded
@given(reviews)
def test_a_review_is_read_as_it_was_written(review: Review) -> None:
    assert items.review_from(items.review_item(review)) == review


@bounded
@given(reviews)
def test_a_public_review_is_read_from_what_the_indexes_copy(review: Review) -> None:
    row = items.review_item(review)
    copied = ("id", "name", "message", "rating", "submitted_at", "edited_at", "reply", "helpful")

    public = items.public_review_from({name: row[name] for name in copied if name in row})

    assert public == PublicReview(**{name: getattr(review, name) for name in copied})


@bounded
@given(st.tuples(*[st.integers(0, 10**9)] * 5), integers, times)
def test_a_tally_is_read_as_it_was_written(
    histogram: tuple[int, int, int, int, int], revision: int, at: datetime
) -> None:
    total = sum(number * count for number, count in enumerate(histogram, start=1))
    numbers = {f"stars_{number}": count for number, count in enumerate(histogram, start=1)}
    row = {"count": sum(histogram), "total": total, "revision": revision, "as_of": rfc3339(at)}

    tally = items.tally_from(attributes.pack(row | numbers))

    assert tally == Tally(sum(histogram), total, histogram, revision, at)


@pytest.mark.parametrize("row", [None, {}, keys.tally("first-light")])
def test_a_tally_that_was_never_written_is_empty(row: Item | None) -> None:
    assert items.tally_from(row) == Tally()


@bounded
@given(reviews)
def test_no_attribute_is_empty_where_an_index_is_sparse(review: Review) -> None:
    row = items.review_item(review)

    is_public = review.status is ReviewStatus.PUBLISHED and review.key.kind == "R"
    assert ("listed_in" in row) == is_public
    assert ("queue" in row) == (review.status in keys.QUEUES)


@bounded
@given(articles)
def test_only_a_public_article_stands_above_its_reviews(article: Article) -> None:
    assert ("listed_in" in items.article_item(article)) == article.is_public


ROWS: list[tuple[Callable[[Item], Any], Item]] = [
    (items.article_from, items.article_item(rows.article(image=Image("u", "a", "c")))),
    (items.summary_from, items.article_item(rows.article(image=Image("u", "a", "c")))),
    (
        items.review_from,
        items.review_item(
            rows.review(
                edited_at=rows.AT,
                reply=Reply("Thank you.", rows.AT),
                proposed_for=ReviewHandle(ReviewKey("R", rows.digest(2)), "2"),
                reasons=("links",),
                expires_at=1,
            )
        ),
    ),
    (items.public_review_from, items.review_item(rows.review(reply=Reply("Thanks.", rows.AT)))),
    (items.tally_from, attributes.pack({"count": 1, "as_of": rfc3339(rows.AT)})),
]


@pytest.mark.parametrize(("read", "row"), ROWS)
@bounded
@given(data=st.data())
def test_a_row_of_any_form_is_read_or_refused_without_a_quote(
    read: Callable[[Item], Any], row: Item, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(row)))
    replacement = data.draw(st.none() | attribute)
    broken = {one: value for one, value in row.items() if one != name}
    if replacement is not None:
        broken[name] = replacement

    refusal = None
    try:
        read(broken)
    except MalformedItemError as error:
        refusal = error

    if refusal is not None:
        assert re.fullmatch(r"\w+: [A-Z]\w+Error", str(refusal))
        assert refusal.__suppress_context__


REQUIRED = {
    "article_from": "body_markdown body_html",
    "summary_from": "slug title description tags updated_at revision status",
    "review_from": "pk sk id revision status answered_status name message rating submitted_at"
    " changed_at fingerprint idempotency",
    "public_review_from": "id name message rating submitted_at",
}


@pytest.mark.parametrize(
    ("read", "name"), [(read, name) for read in REQUIRED for name in REQUIRED[read].split()]
)
def test_a_row_without_what_it_must_have_is_malformed(read: str, name: str) -> None:
    ((reader, row),) = ((reader, row) for reader, row in ROWS if reader.__name__ == read)

    with pytest.raises(MalformedItemError):
        reader({one: value for one, value in row.items() if one != name})


@pytest.mark.parametrize("rating", [0, 6, 9, -1, 10**30])
def test_only_one_to_five_stars_are_a_rating(rating: int) -> None:
    row = items.review_item(replace(rows.review(), rating=rating))

    with pytest.raises(MalformedItemError):
        items.review_from(row)


def test_a_proposal_of_no_review_is_malformed() -> None:
    proposal = items.review_item(rows.review()) | {
        "proposed_for": {"M": {"sk": {"S": "ARTICLE"}, "id": {"S": "1"}}}
    }

    with pytest.raises(MalformedItemError):
        items.review_from(proposal)

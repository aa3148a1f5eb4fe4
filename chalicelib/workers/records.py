"""
What a stream record asks of the tally: pure reading, no calls.

Source:
    Record contents by event type:
    docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from chalicelib.model import Article, Review, Summary, Teaser
from chalicelib.rules.ratings import contribution, outcomes
from chalicelib.store import attributes, items, keys
from chalicelib.store.items import MalformedItemError
from chalicelib.store.tallies import Entry

Record: TypeAlias = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReviewChange:
    """
    One write to a review or a proposal that may move its article's tally.

    Attributes:
        entries: What the ledger shall say after it, by the digests that it knows the review by:
            two of one that can no longer vanish by itself. The revision is that after the write;
            for a removal one above the last.
    """

    slug: str
    entries: Mapping[bytes, Entry]


@dataclass(frozen=True, slots=True)
class ArticleChange:
    """
    One write to an article that may move it among the best or change what others show of it.

    Attributes:
        before: The article before the write; None if it was not there or cannot be read.
        after: The article after the write, of any status; None if it was removed.
        is_moved: Whether its place among the best may be another.
    """

    slug: str
    revision: int
    before: Summary | None
    after: Summary | None
    is_moved: bool

    @property
    def summary(self) -> Summary | None:
        """The article if it is public after the write."""
        return self.after if self.after is not None and self.after.is_public else None


Change: TypeAlias = ReviewChange | ArticleChange


def read(record: Record) -> Change | None:
    """
    Say what a record asks of the tally.

    Args:
        record: One of a Lambda event's `Records`, with both images.

    Returns:
        None when it asks nothing: a foreign row, or a write that leaves what is
        counted, or what is shown of the article, as it was.

    Raises:
        MalformedItemError: The row after the write cannot be read.
    """
    try:
        stream = record["dynamodb"]
        row_key = attributes.unpack(stream["Keys"])
        pk, sk = row_key["pk"], row_key["sk"]
        new, old = stream.get("NewImage"), stream.get("OldImage")
        if sk == "ARTICLE":
            return _article_change(keys.parse_article_pk(pk), old, new)
        if keys.parse_review_sk(sk) is None:
            return None
        return _review_change(keys.parse_article_pk(pk), old, new)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"record: {type(error).__name__}"
        raise MalformedItemError(msg) from None


def sequence_number(record: Record) -> str:
    """Give the record's place in its shard, up to 40 digits; empty when it has none."""
    stream = record.get("dynamodb")
    found = stream.get("SequenceNumber", "") if isinstance(stream, dict) else ""
    return str(found)


def created_at(record: Record) -> float | None:
    """Give the time of the write, in epoch seconds, whole ones on AWS; None without one."""
    stream = record.get("dynamodb")
    found = stream.get("ApproximateCreationDateTime") if isinstance(stream, dict) else None
    return float(found) if isinstance(found, int | float) else None


def slug_of(record: Record) -> str:
    """Give the slug of the record's article; empty when it cannot be read."""
    try:
        return keys.parse_article_pk(record["dynamodb"]["Keys"]["pk"]["S"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return ""


def entry_of(review: Review) -> Entry:
    """Say what the ledger shall hold of a review or a proposal."""
    return Entry(review.revision, contribution(review), outcomes(review))


def _review_change(slug: str, old_image: Any, new_image: Any) -> ReviewChange | None:
    if new_image is None:
        if old_image is None:
            msg = "no image"
            raise ValueError(msg)
        # The removal has no revision of its own. A row whose last revision
        # cannot be read is left to the reconciler.
        removed = items.review_from(old_image)
        return ReviewChange(slug, {keys.ledger_digest(removed): Entry(removed.revision + 1)})
    after = items.review_from(new_image)
    before, is_known = _before(items.review_from, old_image)
    entries = {keys.ledger_digest(after): entry_of(after)}
    if before is not None and keys.ledger_digest(before) not in entries:
        entries[keys.ledger_digest(before)] = Entry(after.revision)
    elif is_known and _counted(before) == _counted(after):
        return None
    return ReviewChange(slug, entries)


def _counted(review: Review | None) -> object:
    return contribution(review), outcomes(review)


def _before(read_row: Callable[[Any], T], old_image: Any) -> tuple[T | None, bool]:
    """Read the row before the write, and say whether it is known."""
    if old_image is None:
        return None, True
    try:
        return read_row(old_image), True
    except MalformedItemError:
        # A repaired row: what it was before is for the derived table to say.
        return None, False


def _article_change(slug: str, old_image: Any, new_image: Any) -> ArticleChange | None:
    if new_image is None:
        removed = items.article_from(old_image)
        return ArticleChange(slug, removed.revision + 1, removed.summary, None, is_moved=True)
    after = items.article_from(new_image)
    before, is_known = _before(items.article_from, old_image)
    if is_known and _shown(before) == _shown(after):
        return None
    is_moved = not is_known or _placing(_shown(before)) != _placing(_shown(after))
    old = before.summary if before is not None else None
    return ArticleChange(slug, after.revision, old, after.summary, is_moved=is_moved)


def _shown(article: Article | None) -> Teaser | None:
    """Give what other articles' pages show of a public one."""
    return article.summary.teaser if article is not None and article.is_public else None


def _placing(shown: Teaser | None) -> object:
    """Give what the place among the best depends on."""
    return shown and (shown.published_at, shown.tags, shown.author)

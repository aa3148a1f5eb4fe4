"""
The nouns of Plaudit as plain values: no I/O, no rules, no wire format.

Times are aware UTC datetimes with whole seconds. Strings hold what a reader or
an editor wrote, in NFC. Every value is frozen; a change is a new value.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Generic, NamedTuple, TypeVar

STARS: Final = (1, 2, 3, 4, 5)
T = TypeVar("T")


class ArticleStatus(StrEnum):
    """Who may read an article. Only `published` is public."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    RETRACTED = "retracted"


class ReviewStatus(StrEnum):
    """Where a review stands. Only `published` is public and counted."""

    PENDING = "pending"
    PUBLISHED = "published"
    REJECTED = "rejected"
    SPAM = "spam"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"


CLOSED: Final = (ReviewStatus.WITHDRAWN, ReviewStatus.ERASED)
"""Statuses that a review's reader ended; no edit and no decision leaves them."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of an article. `url` is absolute http(s); `credit` stands under it."""

    url: str
    alt: str
    credit: str


@dataclass(frozen=True, slots=True)
class Summary:
    """
    What a list shows of an article.

    Attributes:
        slug: `[a-z0-9-]{1,80}`.
        tags: Each `[a-z0-9-]{1,40}`, without repeats.
        published_at: None until the first publication.
        revision: From 1, raised by every write.
    """

    slug: str
    title: str
    description: str
    image: Image | None
    author: str | None
    tags: tuple[str, ...]
    published_at: datetime | None
    updated_at: datetime
    revision: int
    status: ArticleStatus


@dataclass(frozen=True, slots=True)
class Article:
    """
    A text with the HTML made of it.

    Attributes:
        body_html: Sanitised when it was written; safe to put into a page.
    """

    summary: Summary
    body_markdown: str
    body_html: str

    @property
    def slug(self) -> str:
        """The article's name in URLs."""
        return self.summary.slug

    @property
    def revision(self) -> int:
        """Lock and first part of the ETag."""
        return self.summary.revision

    @property
    def is_public(self) -> bool:
        """Whether anyone may read it and review it."""
        return self.summary.status is ArticleStatus.PUBLISHED


@dataclass(frozen=True, slots=True)
class Reply:
    """An editor's public answer to a review."""

    message: str
    replied_at: datetime


class ReviewKey(NamedTuple):
    """
    Where a review's row is. Internal: it never leaves the server in the clear.

    Attributes:
        kind: `R` for the reader's review, `P` for a proposed change of it.
        digest: 128 bits. Of slug and reader for a review; of those and the
            text for a proposal.
    """

    kind: str
    digest: bytes


class ReviewHandle(NamedTuple):
    """Which row, and which of the reviews that it held in turn."""

    key: ReviewKey
    id: str


@dataclass(frozen=True, slots=True)
class Review:
    """
    One reader's rating and message on one article, or a proposed change of it.

    Attributes:
        id: ULID, random but for its time; the public handle.
        revision: From 1, raised by every write and never reused for the same
            key, so that the tally can tell newer from older.
        answered_status: Status that the reader was told at the submission.
        reader: Keyed hash of the canonical e-mail address, 26 base32 characters.
        fingerprint: Keyed hash of the submission, to know it again.
        idempotency: Keyed hash of the `Idempotency-Key`; empty without one.
        changed_at: When any part of the row changed last.
        proposed_for: The review that a proposal would change, else None.
    """

    slug: str
    key: ReviewKey
    id: str
    revision: int
    status: ReviewStatus
    answered_status: ReviewStatus
    name: str
    message: str
    rating: int
    submitted_at: datetime
    edited_at: datetime | None
    changed_at: datetime
    reply: Reply | None
    reader: str
    fingerprint: str
    idempotency: str
    proposed_for: ReviewHandle | None


@dataclass(frozen=True, slots=True)
class PublicReview:
    """What the indexes for the public hold of a review: nothing about its reader."""

    id: str
    name: str
    message: str
    rating: int
    submitted_at: datetime
    edited_at: datetime | None
    reply: Reply | None


@dataclass(frozen=True, slots=True)
class Tally:
    """
    Sum of an article's published reviews, integers only.

    Attributes:
        count: Reviews.
        total: Stars of all reviews together.
        stars: Reviews with 1, 2, 3, 4 and 5 stars.
        revision: Raised by every change of the numbers; 0 before the first.
        as_of: When the numbers changed last; None before the first.
    """

    count: int = 0
    total: int = 0
    stars: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    revision: int = 0
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """
    A slice of a list.

    Attributes:
        position: Sort key of the last item looked at; None at the end.
    """

    items: tuple[T, ...]
    position: str | None


def now() -> datetime:
    """Tell the time, in UTC and whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def rfc3339(at: datetime) -> str:
    """
    Write a time as `2026-03-14T08:00:00Z`.

    Twenty characters for every year from 1000 to 9999, so that text order is
    time order.
    """
    return f"{at.isoformat()[:19]}Z"


def from_rfc3339(text: str) -> datetime:
    """
    Read a time with its offset, as `rfc3339` writes it.

    Raises:
        ValueError: The text is not a time, or has no offset.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        msg = "a time without an offset"
        raise ValueError(msg)
    try:
        return at.astimezone(UTC)
    except OverflowError:
        msg = "a time before year 1 or after year 9999"
        raise ValueError(msg) from None

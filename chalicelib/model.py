"""
The nouns of Plaudit as plain values: no I/O, no rules, no wire format.

Times are aware UTC datetimes with whole seconds. Strings hold what a reader or
an editor wrote, in NFC. Every value is frozen; a change is a new value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

STARS: Final = (1, 2, 3, 4, 5)
PerStar: TypeAlias = tuple[int, int, int, int, int]
"""Reviews with 1, 2, 3, 4 and 5 stars."""
_NONE: Final[PerStar] = (0, 0, 0, 0, 0)
T = TypeVar("T")


class ArticleStatus(StrEnum):
    """Who may read an article. Only `published` is public."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    RETRACTED = "retracted"


class ReviewStatus(StrEnum):
    """Where a review stands. Only `published` is public and in the tally."""

    PENDING = "pending"
    PUBLISHED = "published"
    REJECTED = "rejected"
    SPAM = "spam"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"


CLOSED: Final = (ReviewStatus.WITHDRAWN, ReviewStatus.ERASED)
"""Statuses that a review's reader ended; no edit and no decision leaves them."""
REFUSED: Final = (ReviewStatus.REJECTED, ReviewStatus.SPAM)
"""Statuses by which an editor keeps a review from the public."""


class Outcome(StrEnum):
    """What became of a review or a proposal, as the counts for the public say."""

    PUBLISHED = "published"
    HELD = "held"
    REMOVED = "removed"
    WITHDRAWN = "withdrawn"


HIDDEN: Final = (Outcome.HELD, Outcome.REMOVED, Outcome.WITHDRAWN)
"""Outcomes of what the public cannot read."""
Outcomes: TypeAlias = tuple[tuple[str, int], ...]
"""Names like `removed_1`, an outcome of `HIDDEN` and stars, and how many; sorted, none of 0."""


SCOPES: Final = ("write", "moderate", "privacy")
"""What an editor may do: articles; reviews; all that belongs to a reader."""


class Editor(NamedTuple):
    """
    Who writes articles or moderates, as far as a request tells.

    Attributes:
        name: Of the key, `[a-z0-9-]{1,40}`.
        scopes: Some of `SCOPES`.
    """

    name: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of an article. `url` is absolute http(s); `credit` stands under it."""

    url: str
    alt: str
    credit: str


@dataclass(frozen=True, slots=True)
class Teaser:
    """What another article's page shows of an article: nothing that each change of it alters."""

    slug: str
    title: str
    description: str
    image: Image | None
    author: str | None
    tags: tuple[str, ...]
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class Summary(Teaser):
    """
    What a list shows of an article: more than others' pages do.

    Attributes:
        slug: `[a-z0-9-]{1,80}`.
        tags: Each `[a-z0-9-]{1,40}`, without repeats.
        published_at: None until the first publication.
        revision: From 1, raised by every write.
        moved_from: First slug of an article that has another now; else empty.
    """

    updated_at: datetime
    revision: int
    status: ArticleStatus
    moved_from: str = ""

    @property
    def home(self) -> str:
        """The slug under which the article's rows stand, its reviews' too: the first one."""
        return self.moved_from or self.slug

    @property
    def is_public(self) -> bool:
        """Whether anyone may read it and review it."""
        return self.status is ArticleStatus.PUBLISHED

    @property
    def teaser(self) -> Teaser:
        """What is shown of it beside a related article."""
        return Teaser(
            self.slug,
            self.title,
            self.description,
            self.image,
            self.author,
            self.tags,
            self.published_at,
        )


class Retraction(NamedTuple):
    """
    Why and when a public article was taken back.

    Attributes:
        reason: For anyone to read; may be empty.
    """

    reason: str
    retracted_at: datetime


@dataclass(frozen=True, slots=True)
class Article:
    """
    A text with the HTML made of it.

    Attributes:
        body_html: Sanitised when it was written; safe to put into a page.
        changed_by: Who made this revision: name of an editor's key, or `schedule`.
        frozen_at: From when on it takes no more reviews; None for ever.
        retraction: Of an article that was public before.
    """

    summary: Summary
    body_markdown: str
    body_html: str
    changed_by: str = ""
    frozen_at: datetime | None = None
    retraction: Retraction | None = None

    @property
    def slug(self) -> str:
        """The article's name in URLs."""
        return self.summary.slug

    @property
    def home(self) -> str:
        """The slug under which its rows stand."""
        return self.summary.home

    @property
    def revision(self) -> int:
        """Lock and first part of the ETag."""
        return self.summary.revision

    @property
    def is_public(self) -> bool:
        """Whether anyone may read it and review it."""
        return self.summary.is_public


@dataclass(frozen=True, slots=True)
class Gate:
    """
    What a reader's request has to know of an article.

    Attributes:
        is_public: Whether anyone may read it.
        frozen_at: From when on it takes no more reviews.
        retraction: Of an article that was public before.
    """

    is_public: bool = False
    frozen_at: datetime | None = None
    retraction: Retraction | None = None


class Effect(StrEnum):
    """What a finding asks for."""

    HOLD = "hold"
    SPAM = "spam"


BLOCKED: Final = "blocked_"
"""How the reasons of the block list begin."""


class Finding(NamedTuple):
    """
    What speaks against a review.

    Attributes:
        reason: A stable name, `links`; they are listed in docs/moderation.md.
    """

    reason: str
    effect: Effect

    @property
    def is_of_an_editor(self) -> bool:
        """Whether it is an editor's will, by the block list, and no guess of a filter."""
        return self.reason.startswith(BLOCKED)


@dataclass(frozen=True, slots=True)
class Block:
    """
    What the editors keep out.

    Attributes:
        id: ULID.
        kind: `word`, `domain`, `network` or `reader`.
        value: In its canonical form; of a reader the hash that rows hold.
        note: For other editors.
        blocked_by: Name of the editor's key.
    """

    id: str
    kind: str
    value: str
    effect: Effect
    note: str
    blocked_by: str
    blocked_at: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """An editor's public answer to a review."""

    message: str
    replied_at: datetime


class Consent(NamedTuple):
    """
    What a reader agreed to when they submitted.

    Attributes:
        revision: Of the text, `[A-Za-z0-9._-]{1,40}`.
    """

    revision: str
    given_at: datetime


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


class Reports(NamedTuple):
    """How many networks reported a review since an editor decided on it last, by reason."""

    spam: int = 0
    offensive: int = 0
    personal: int = 0
    off_topic: int = 0
    other: int = 0


_NO_REPORTS: Final = Reports()


@dataclass(frozen=True, slots=True)
class Review:
    """
    One reader's rating and message on one article, or a proposed change of it.

    Attributes:
        id: ULID, random but for its time; the public handle.
        revision: From 1, raised by every write and never reused for the same
            key, so that the tally can tell newer from older.
        answered_status: Status that the reader was told at the submission.
        reader: Keyed hash of the canonical e-mail address, 26 base32 characters; empty
            once erased.
        fingerprint: Keyed hash of the submission, to know it again; empty once erased.
        idempotency: Keyed hash of the `Idempotency-Key`; empty without one.
        changed_at: When any part of the row changed last.
        proposed_for: The review that a proposal would change, else None.
        reasons: Why it was held or taken for spam, `("links", "burst_low")`.
        expires_at: Epoch seconds after which spam that nobody wanted is forgotten.
        helpful: Votes. Neither they nor reports change the revision.
        outcome: Who ended it first and for good: an editor who refused it, unless one publishes
            it again; its reader, who withdrew it or wants it erased. None while it is open and
            no editor has refused it, so of spam that a filter alone called so. `published` of a
            proposal that was taken into its review.
        earlier: What became of those that gave way to it, under the same key.
        consent: To what its words were submitted; None where nothing was asked, and once erased.
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
    reasons: tuple[str, ...] = ()
    expires_at: int | None = None
    helpful: int = 0
    reports: Reports = _NO_REPORTS
    outcome: Outcome | None = None
    consent: Consent | None = None
    earlier: Outcomes = ()

    @property
    def is_unjudged(self) -> bool:
        """Whether a filter took it for spam, and no editor has said so."""
        return self.status is ReviewStatus.SPAM and self.outcome is None

    @property
    def is_reported(self) -> bool:
        """Whether an editor should look at what is public."""
        return self.status is ReviewStatus.PUBLISHED and any(self.reports)


class DecisionAction(StrEnum):
    """What an editor, or who acts for one, decided: about a review, or about an article."""

    PUBLISH = "publish"
    REJECT = "reject"
    SPAM = "spam"
    CHANGE = "change"
    REPLY = "reply"
    ERASE = "erase"
    SCHEDULE_ARTICLE = "schedule_article"
    PUBLISH_ARTICLE = "publish_article"
    UNPUBLISH_ARTICLE = "unpublish_article"
    RETRACT = "retract"
    RESTORE = "restore"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"


class State(NamedTuple):
    """
    What a decision found or left: of a review, a proposal or an article.

    Attributes:
        status: Of a `ReviewStatus` or an `ArticleStatus` the value.
        revision: Of the review or the article; tells which of two decisions came first.
        rating: Of a review.
        reports: Of a review, since the last decision.
        frozen_at: Of an article.
    """

    status: str
    revision: int
    rating: int | None = None
    reports: int | None = None
    frozen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """
    What was decided, by whom, when and why. It holds nothing that a reader wrote.

    Attributes:
        id: ULID.
        review_id: Of the review or proposal; None when it is about the article.
        by: Name of an editor's key; `mail` for a link in a letter to editors, `reader` for one in
            a letter to a reader, `schedule` for the clock, `retention` for what was over.
        note: Why, as far as anybody said so.
        before: None when there was nothing before.
    """

    id: str
    slug: str
    review_id: str | None
    action: DecisionAction
    by: str
    at: datetime
    note: str
    before: State | None
    after: State


class EventKind(StrEnum):
    """What somebody may be told of."""

    REVIEW_RECEIVED = "review.received"
    REVIEW_PUBLISHED = "review.published"
    REVIEW_REJECTED = "review.rejected"
    REVIEW_REPLIED = "review.replied"
    REVIEW_REPORTED = "review.reported"
    REVIEW_WITHDRAWN = "review.withdrawn"
    ARTICLE_PUBLISHED = "article.published"
    ARTICLE_RETRACTED = "article.retracted"
    READER_EXPORT = "reader.export"
    READER_ERASE = "reader.erase"
    DIGEST = "digest"


ASKED: Final = {"export": EventKind.READER_EXPORT, "erase": EventKind.READER_ERASE}
"""What a reader may ask for of what is held of them, and the event that it makes."""


@dataclass(frozen=True, slots=True)
class Event:
    """
    What took place and somebody is to be told of. It names, and holds no words.

    Attributes:
        id: ULID, `DIGEST-2026-11-25` of a digest; the same at every attempt, so that who is told
            twice can know it.
        slug: Empty when it is about no article.
        review_id: Of the review or proposal; None when it is about the article.
        review: Where that review's row is.
        status: Of a review that was received: what it was stored as.
        reader: Who asked for a link, as `Review.reader`; empty once they have it.
    """

    id: str
    kind: EventKind
    slug: str
    review_id: str | None
    review: ReviewKey | None
    at: datetime
    status: ReviewStatus | None = None
    reader: str = ""


class Held(NamedTuple):
    """
    What is held of a reader in one row.

    Attributes:
        note: An editor's on the last decision; may be empty.
    """

    review: Review
    note: str


class Erasure(NamedTuple):
    """
    What one request erased of a reader; it tells nothing of who that was.

    Attributes:
        id: ULID.
        reviews: How many, of any status.
        proposals: How many changes of theirs.
        contact: Whether there was a row that says how they are written to.
        is_complete: Whether nothing was found that is left.
    """

    id: str
    erased_at: datetime
    reviews: int
    proposals: int
    contact: bool
    is_complete: bool


class Submission(NamedTuple):
    """
    What a reader sent, checked and normalised.

    Attributes:
        idempotency_key: Of the request; empty without one.
        captcha_token: Empty without one.
        form_token: When the form was shown, signed; empty without one.
        is_trapped: Whether the honeypot was filled.
        address: Where the request came from, as API Gateway says.
        user_agent: Of the request; empty without one.
        notify: Whether the reader wants mail about what becomes of it.
        form_slug: By which the form was asked for: one that the article has or had.
    """

    slug: str
    email: str
    name: str
    message: str
    rating: int
    idempotency_key: str = ""
    captcha_token: str = ""
    form_token: str = ""
    is_trapped: bool = False
    address: str = ""
    user_agent: str = ""
    notify: bool = False
    form_slug: str = ""


class Edit(NamedTuple):
    """
    What a reader changes of a review or a proposal.

    Attributes:
        fields: Some of `name`, `message`, `rating`, and their new values.
        address: Where the request came from, as API Gateway says.
    """

    slug: str
    key: ReviewKey
    id: str
    fields: Mapping[str, str | int]
    address: str = ""


class Reaction(NamedTuple):
    """
    What anyone makes of a published review.

    Attributes:
        slug: Of its article.
        id: The review's.
        address: Where the request came from, as API Gateway says.
    """

    slug: str
    id: str
    address: str


class Report(NamedTuple):
    """
    What somebody has against a published review.

    Attributes:
        reason: One of `Reports`' fields.
        message: For the editors; up to 500 characters, or empty.
    """

    reason: str
    message: str
    reported_at: datetime


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
    helpful: int


@dataclass(frozen=True, slots=True)
class Tally:
    """
    Sum of an article's published reviews, and what became of the others; integers only.

    Attributes:
        count: Reviews.
        total: Stars of all reviews together.
        stars: Reviews with 1, 2, 3, 4 and 5 stars.
        revision: Raised by every change of the numbers so far; 0 before the first.
        as_of: When those changed last; None before the first.
        held: What waits for an editor, proposals too.
        removed: What an editor refused.
        withdrawn: What its reader ended.
        counts_revision: Raised by every change of any number; 0 before the first.
        counts_as_of: When any changed last; None before the first.
        moves: Raised by what changes entries of the ledger and no number. Nobody is shown it.
    """

    count: int = 0
    total: int = 0
    stars: PerStar = _NONE
    revision: int = 0
    as_of: datetime | None = None
    held: PerStar = _NONE
    removed: PerStar = _NONE
    withdrawn: PerStar = _NONE
    counts_revision: int = 0
    counts_as_of: datetime | None = None
    moves: int = 0

    def of(self, outcome: Outcome) -> PerStar:
        """Give the reviews of one outcome by their stars."""
        by_outcome = {
            Outcome.PUBLISHED: self.stars,
            Outcome.HELD: self.held,
            Outcome.REMOVED: self.removed,
            Outcome.WITHDRAWN: self.withdrawn,
        }
        return by_outcome[outcome]

    @property
    def numbers(self) -> "Tally":
        """The same without what tells how often and when it changed, to be compared."""
        return replace(self, revision=0, as_of=None, counts_revision=0, counts_as_of=None, moves=0)


class Bucket(NamedTuple):
    """
    What was counted in a tenth of a window.

    Attributes:
        number: Since 1970.
        n: All that was counted.
        stars: Of it, with 1, 2, 3, 4 and 5 stars, where stars are counted.
    """

    number: int
    n: int
    stars: tuple[int, ...] = (0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Counter:
    """
    A limit of one network, reader or article, or of the site, and what was counted of it.

    Attributes:
        subject: `network:<hash>`, `reader:<hash>`, `article:<slug>`, `site`, `mailbox:<hash>`.
        most: In any span of the window.
        window: Seconds.
        earlier: What the subject was called before, or empty: a network's hash changes every day.
        buckets: Oldest first, the newest still growing.
        is_stored: Whether there is a row under this name.
    """

    subject: str
    most: int
    window: int
    earlier: str = ""
    buckets: tuple[Bucket, ...] = ()
    is_stored: bool = False

    @property
    def scope(self) -> str:
        """What kind of limit it is."""
        return self.subject.partition(":")[0]


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

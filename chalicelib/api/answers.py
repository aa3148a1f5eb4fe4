"""
Forms of answers, as pydantic models, for the OpenAPI document alone.

Answers are made by `shapes`, without pydantic; the suite holds every one of
them against these forms.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from chalicelib.api.schemas import Rating, Slug, Ulid
from chalicelib.model import DecisionAction, EventKind

Reason = Literal["spam", "offensive", "personal", "off_topic", "other"]
Status = Literal["draft", "scheduled", "published", "retracted"]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class ImageOut(BaseModel):
    """An article's picture."""

    url: str
    alt: str
    credit: str


class Histogram(BaseModel):
    """Reviews by stars."""

    one: int = Field(alias="1")
    two: int = Field(alias="2")
    three: int = Field(alias="3")
    four: int = Field(alias="4")
    five: int = Field(alias="5")


class Tally(BaseModel):
    """Sum of an article's published reviews. `average` is null without reviews."""

    count: int
    average: float | None
    total: int
    histogram: Histogram
    as_of: Time | None
    revision: int


class Counts(BaseModel):
    """What became of what readers sent in; `received` is the sum of the others."""

    received: int
    published: int
    held: int
    removed: int
    withdrawn: int


class StarCounts(Counts):
    """The same of so many stars."""

    stars: Annotated[int, Field(ge=1, le=5)]


class Moderation(Counts):
    """What became of all that readers sent in about an article, together and by stars, 1 to 5."""

    by_stars: list[StarCounts]
    as_of: Time | None
    revision: int


class RelatedArticle(BaseModel):
    """An article in short: what a list shows of it, without what each change of it alters."""

    slug: Slug
    title: str
    description: str
    image: ImageOut | None
    author: str | None
    tags: list[str]
    published_at: Time | None


class _Head(RelatedArticle):
    updated_at: Time
    revision: int


class ArticleSummary(_Head):
    """An article in a list. `score` is there when the list is sorted by it."""

    tally: Tally
    score: float = Field(default_factory=float)


class Article(_Head):
    """A published article. `body_html` is sanitised. `related` are up to four, best first."""

    body_markdown: str
    body_html: str
    reviews_frozen_at: Time | None
    tally: Tally
    related: list[RelatedArticle]


class Retraction(BaseModel):
    """Why and when a public article was taken back."""

    reason: str | None
    retracted_at: Time


class EditorsArticle(Article):
    """An article after a change."""

    status: Status
    retraction: Retraction | None


class EditorsSummary(_Head):
    """An article of any status."""

    status: Status


class RevisionHead(BaseModel):
    """What an article was at a revision, without its text."""

    revision: int
    changed_by: str | None
    changed_at: Time
    slug: Slug
    title: str
    description: str
    image: ImageOut | None
    author: str | None
    tags: list[str]
    published_at: Time | None
    status: Status
    reviews_frozen_at: Time | None
    retraction: Retraction | None


class RevisionPage(BaseModel):
    """A slice of an article's revisions, newest first."""

    items: list[RevisionHead]
    next_cursor: str | None


class FieldChange(BaseModel):
    """A field that differs, in the form that it has in an article."""

    before: Any
    after: Any


class Changes(BaseModel):
    """How one revision differs from another; of the text the lines of a unified diff."""

    fields: dict[str, FieldChange]
    body_markdown: list[str]


class RevisionText(RevisionHead):
    """What an article was at a revision, and how that differs from another."""

    body_markdown: str
    against: int | None
    changes: Changes | None


class Prior(BaseModel):
    """The reviews that every article is given beforehand in `sort=top`."""

    count: int
    average: float


class ArticlePage(BaseModel):
    """A slice of the articles. `prior` is there with `sort=top`."""

    items: list[ArticleSummary]
    next_cursor: str | None
    prior: Prior = Field(default_factory=lambda: Prior(count=0, average=0))


class EditorsArticlePage(BaseModel):
    """A slice of the editors' articles."""

    items: list[EditorsSummary]
    next_cursor: str | None


class Reply(BaseModel):
    """An editor's public answer."""

    message: str
    replied_at: Time


class Review(BaseModel):
    """A published review. `helpful` counts the networks that found it so."""

    id: Ulid
    name: str
    message: str
    rating: Rating
    submitted_at: Time
    edited_at: Time | None
    reply: Reply | None
    helpful: int


class ReviewPage(BaseModel):
    """A slice of an article's published reviews."""

    items: list[Review]
    next_cursor: str | None


class EditedReview(Review):
    """A review after an edit."""

    status: Literal["pending", "published", "rejected"]


class SubmittedReview(Review):
    """
    A review after its submission.

    `manage_token` edits and withdraws it. It is null when the same submission
    came before without the same `Idempotency-Key`.
    """

    status: Literal["pending", "published"]
    manage_token: str | None


class Votes(BaseModel):
    """How many networks found a review helpful, the sender's now among them."""

    id: Ulid
    helpful: int


class Form(BaseModel):
    """A form that is shown now."""

    form_token: str
    issued_at: Time


class ConsentAsked(BaseModel):
    """What readers are asked to agree to. `revision` and `text` are null when nothing is."""

    required: bool
    revision: str | None
    text: str | None


class ConsentGiven(BaseModel):
    """What a reader agreed to, and when."""

    revision: str
    text: str | None
    given_at: Time


class CurrentReview(BaseModel):
    """What a proposed change would change."""

    name: str
    message: str
    rating: Rating
    status: Literal["pending", "published", "rejected", "spam"]


class QueuedReview(Review):
    """
    A review that waits, is taken for spam, was rejected or reported; `reasons` say why.

    `reports` counts by reason what was reported since the last decision. With
    `proposed_for` it is a proposed change of that review, and `current` what that says now,
    or null when its reader took it back. A decision may carry `revision`.
    """

    slug: Slug
    status: Literal["pending", "spam", "rejected", "published"]
    reasons: list[str]
    reports: dict[Reason, int]
    proposed_for: Ulid | None
    consent: ConsentGiven | None
    current: CurrentReview | None
    revision: int


class QueuePage(BaseModel):
    """A slice of the moderation queue, oldest first."""

    items: list[QueuedReview]
    next_cursor: str | None


class HeldDecision(BaseModel):
    """What was decided on a review, when and why. `note` may be empty."""

    action: DecisionAction
    at: Time
    note: str


class HeldReview(Review):
    """
    What is held of a reader in one row.

    `forgotten_at` is there where it forgets itself, `note` is an editor's and may be empty.
    `decisions` are the newest 25 on it; `has_more_decisions` says whether there are older ones.
    `reasons`, `reports` and `proposed_for` are those of the queue.
    """

    kind: Literal["review", "proposal"]
    slug: Slug
    status: Literal["pending", "published", "rejected", "spam", "withdrawn"]
    reasons: list[str]
    reports: dict[Reason, int]
    proposed_for: Ulid | None
    consent: ConsentGiven | None
    changed_at: Time
    forgotten_at: Time | None
    note: str
    decisions: list[HeldDecision]
    has_more_decisions: bool


class Contact(BaseModel):
    """How a reader is written to. Without an `email` they wanted no more mail."""

    email: str | None
    asked_at: Time | None
    stopped_at: Time | None


class ReaderPage(BaseModel):
    """A slice of what is held of a reader, newest first. `contact` is null without mail."""

    contact: Contact | None
    items: list[HeldReview]
    next_cursor: str | None


class Erasure(BaseModel):
    """
    What a request erased of a reader, and nothing of who that was.

    Unless `is_complete` there is more: the same request again erases it.
    """

    id: Ulid
    erased_at: Time
    reviews: int
    proposals: int
    contact: bool
    is_complete: bool


class DecisionResult(BaseModel):
    """What became of a decision."""

    slug: Slug
    id: Ulid
    result: Literal["changed", "unchanged", "stale", "review_not_found"]


class DecisionResults(BaseModel):
    """A result for each decision, in their order."""

    results: list[DecisionResult]


class State(BaseModel):
    """What a decision found or left: a review has `rating` and `reports`."""

    status: Status | Literal["pending", "rejected", "spam", "withdrawn", "erased"]
    revision: int
    rating: Rating | None
    reports: int | None
    frozen_at: Time | None


class Decision(BaseModel):
    """
    An entry of the ledger of decisions: about a review, or with `review_id` null about the article.

    `by` names an editor's key, or is `mail`, `reader`, `schedule` or `retention`. `before` is null
    when there was nothing.
    """

    id: Ulid
    slug: Slug
    review_id: Ulid | None
    action: DecisionAction
    by: str
    at: Time
    note: str
    before: State | None
    after: State


class DecisionPage(BaseModel):
    """A slice of the ledger of decisions, newest first."""

    items: list[Decision]
    next_cursor: str | None


class Report(BaseModel):
    """What somebody has against a review. `message` may be empty."""

    reason: Reason
    message: str
    reported_at: Time


class ReportList(BaseModel):
    """Up to a hundred reports of the last 90 days, newest first."""

    items: list[Report]


class BlockEntry(BaseModel):
    """An entry of the block list. A reader's `value` is null: no address is kept."""

    id: Ulid
    kind: Literal["word", "domain", "network", "reader"]
    value: str | None
    effect: Literal["hold", "spam"]
    note: str
    blocked_by: str
    blocked_at: Time


class BlockList(BaseModel):
    """The whole block list, oldest entry first."""

    items: list[BlockEntry]


class Delivery(BaseModel):
    """
    What became of one who was to be told.

    `error` is a stable name: `http_503`, `unreachable`. A `refused` one is not tried again.
    """

    target: str
    state: Literal["sent", "refused", "failed"]
    at: Time
    error: str | None


class Notification(BaseModel):
    """What took place, and who was told of it. `next_attempt_at` is there while it waits."""

    id: str
    status: Literal["pending", "dead", "delivered"]
    kind: EventKind
    slug: Slug | None
    review_id: Ulid | None
    at: Time
    attempts: int
    next_attempt_at: Time | None
    deliveries: list[Delivery]


class NotificationPage(BaseModel):
    """A slice of the outbox, or of the log of what it told."""

    items: list[Notification]
    next_cursor: str | None


class LinkedReview(BaseModel):
    """What a link's holder sees of the review that it is about."""

    name: str
    message: str
    rating: Rating


class LinkDescription(BaseModel):
    """
    What a link would do.

    `open` it does; `unchanged` was done already; `stale`: the review was changed since;
    `gone`: its reader took it back.
    """

    action: Literal["publish", "reject", "unsubscribe", "export", "erase"]
    state: Literal["open", "unchanged", "stale", "gone"]
    title: str | None
    review: LinkedReview | None


class LinkResult(BaseModel):
    """
    What a link did.

    `held` is there with `export`, a page of what is held of its reader; `receipt` with `erase`, of
    all that the link erased. Unless that `is_complete` there is more: once more erases it.
    """

    action: Literal["publish", "reject", "unsubscribe", "export", "erase"]
    result: Literal["changed", "unchanged", "stale", "gone"]
    held: ReaderPage | None
    receipt: Erasure | None


class LinkRequested(BaseModel):
    """That a link was asked for. It is the same whether the address is known or not."""

    action: Literal["export", "erase"]
    result: Literal["asked"]


class Health(BaseModel):
    """What is deployed and whether its tables answer."""

    status: Literal["ok"]
    stage: str
    release: str


class FieldError(BaseModel):
    """What is wrong with one field; `pointer` is a JSON pointer into the body."""

    pointer: str
    code: str
    message: str


class Problem(BaseModel):
    """An error as RFC 9457 says."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldError] = Field(default_factory=list)
    reason: str | None = Field(default=None, description="Of `article_retracted`.")

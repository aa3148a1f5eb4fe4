"""
Every error that may leave Plaudit, each one problem type of RFC 9457.

    PlauditError
    ├── InvalidRequestError         invalid_request       400
    │   └── InvalidFieldsError      invalid_request       422   with `errors`
    ├── InvalidCursorError          invalid_cursor        400
    ├── UnauthorizedError           unauthorized          401
    ├── ForbiddenError              forbidden             403
    ├── ArticleNotFoundError        article_not_found     404
    ├── ReviewNotFoundError         review_not_found      404
    ├── RevisionNotFoundError       revision_not_found    404
    ├── BlockNotFoundError          block_not_found       404
    ├── NotificationNotFoundError   notification_not_found 404
    ├── InvalidLinkError            invalid_link          410
    ├── RouteNotFoundError          route_not_found       404
    ├── MethodNotAllowedError       method_not_allowed    405
    ├── SlugTakenError              slug_taken            409
    ├── ReviewsFrozenError          reviews_frozen        409
    ├── TooManyBlocksError          too_many_blocks       409
    ├── ArticleRetractedError       article_retracted     410   with `reason`
    ├── StaleRevisionError          stale_revision        412
    ├── PayloadTooLargeError        payload_too_large     413
    ├── UnsupportedMediaTypeError   unsupported_media_type 415
    ├── RevisionRequiredError       revision_required     428
    ├── TooManyRequestsError        too_many_requests     429
    ├── InternalError               internal              500
    └── UnavailableError            unavailable           503

`title` names the type and never changes between occurrences; `detail` says
what went wrong this time and never repeats what the client sent.

Source:
    Problem details: www.rfc-editor.org/rfc/rfc9457
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """
    What is wrong with one field of a request.

    Attributes:
        pointer: JSON pointer (RFC 6901) into the request's body, `/email`.
        code: Stable name of the rule, `email_required`.
        message: One sentence that a form may show to a person.
    """

    pointer: str
    code: str
    message: str


class PlauditError(Exception):
    """An answer other than success, with its problem type."""

    code: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]
    detail: ClassVar[str]
    retry_after: ClassVar[int | None] = None
    """Seconds after which the same request may succeed."""

    def __init__(
        self,
        detail: str | None = None,
        *,
        problems: tuple[FieldProblem, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.explanation = detail or self.detail
        self.problems = problems
        self.headers = dict(headers or {})
        self.members: Mapping[str, str | None] = {}
        super().__init__(f"{self.code}: {self.explanation}")


class InvalidRequestError(PlauditError):
    """The request cannot be read: body, query or header."""

    code = "invalid_request"
    status = 400
    title = "The request is not valid"
    detail = "The request could not be read."


class InvalidFieldsError(InvalidRequestError):
    """The request can be read, and some of its fields break a rule."""

    status = 422
    detail = "Some fields need attention; see errors."


class InvalidCursorError(PlauditError):
    """The cursor was not made by this server for this list."""

    code = "invalid_cursor"
    status = 400
    title = "The cursor is not valid"
    detail = "Start again without a cursor."


class UnauthorizedError(PlauditError):
    """No bearer credential, or one that is not known."""

    code = "unauthorized"
    status = 401
    title = "Credentials are required"
    detail = "Send a valid Authorization: Bearer header."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Bearer realm="plaudit"'})


class ForbiddenError(PlauditError):
    """A genuine credential that does not cover this resource."""

    code = "forbidden"
    status = 403
    title = "Not allowed"
    detail = "This token manages another review."


class ArticleNotFoundError(PlauditError):
    """No published article has this slug."""

    code = "article_not_found"
    status = 404
    title = "Article not found"
    detail = "There is no such article."


class ArticleRetractedError(PlauditError):
    """The article was public and has been taken back."""

    code = "article_retracted"
    status = 410
    title = "Article retracted"
    detail = "This article has been taken back."

    def __init__(self, reason: str = "") -> None:
        super().__init__()
        self.members = {"reason": reason or None}


class RevisionNotFoundError(PlauditError):
    """The article never had this revision, or it was not kept."""

    code = "revision_not_found"
    status = 404
    title = "Revision not found"
    detail = "The article has no such revision."


class ReviewNotFoundError(PlauditError):
    """No review has this id, or it was withdrawn."""

    code = "review_not_found"
    status = 404
    title = "Review not found"
    detail = "There is no such review."


class BlockNotFoundError(PlauditError):
    """No entry of the block list has this id."""

    code = "block_not_found"
    status = 404
    title = "Entry not found"
    detail = "The block list has no such entry."


class InvalidLinkError(PlauditError):
    """A link's token was not made here for this, or its time is over."""

    code = "invalid_link"
    status = 410
    title = "Link not valid"
    detail = "The link is not complete, or its time is over."


class NotificationNotFoundError(PlauditError):
    """No notification has this id, or its log has been forgotten."""

    code = "notification_not_found"
    status = 404
    title = "Notification not found"
    detail = "There is no such notification, or it was delivered so long ago that it is forgotten."


class RouteNotFoundError(PlauditError):
    """No route has this path."""

    code = "route_not_found"
    status = 404
    title = "Route not found"
    detail = "There is nothing at this path."


class MethodNotAllowedError(PlauditError):
    """The path exists and does not take this method."""

    code = "method_not_allowed"
    status = 405
    title = "Method not allowed"
    detail = "See the Allow header for the methods of this path."


class SlugTakenError(PlauditError):
    """A create-only write met an article that exists."""

    code = "slug_taken"
    status = 409
    title = "The slug is taken"
    detail = "An article with this slug exists."


class ReviewsFrozenError(PlauditError):
    """The article is public and takes no more reviews."""

    code = "reviews_frozen"
    status = 409
    title = "No more reviews"
    detail = "This article takes no more reviews."


class TooManyBlocksError(PlauditError):
    """The block list is full; every submission reads it whole."""

    code = "too_many_blocks"
    status = 409
    title = "The block list is full"
    detail = "Take an entry off the list before you put another on it."


class StaleRevisionError(PlauditError):
    """`If-Match` names a revision that is no longer the newest."""

    code = "stale_revision"
    status = 412
    title = "The revision is stale"
    detail = "The article has changed; read it again and repeat the change."


class PayloadTooLargeError(PlauditError):
    """The body, or the item made of it, is larger than the limit."""

    code = "payload_too_large"
    status = 413
    title = "The request is too large"
    detail = "The body is larger than this route takes."


class UnsupportedMediaTypeError(PlauditError):
    """The body is not declared as JSON."""

    code = "unsupported_media_type"
    status = 415
    title = "Unsupported media type"
    detail = "Send the body as application/json."


class RevisionRequiredError(PlauditError):
    """A change of an existing article came without `If-Match`."""

    code = "revision_required"
    status = 428
    title = "A revision is required"
    detail = "Send the article's ETag in If-Match."


RATE_LIMIT_FIELDS: Final = (
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "RateLimit-Policy",
)
"""
Header fields that say what is left of a limit.

Source:
    datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06
"""


class TooManyRequestsError(PlauditError):
    """A limit of the intake is reached, or the stage's throttle before any code ran."""

    code = "too_many_requests"
    status = 429
    title = "Too many requests"
    detail = "Try again later."
    retry_after = 10


class InternalError(PlauditError):
    """A fault of ours."""

    code = "internal"
    status = 500
    title = "Internal error"
    detail = "The fault is ours and has been logged."


class UnavailableError(PlauditError):
    """
    A service that Plaudit needs is throttled, slow or unreachable.

    Whether a write took place is not known; every write may be repeated as it
    was and takes effect once.
    """

    code = "unavailable"
    status = 503
    title = "Temporarily unavailable"
    detail = "Repeat the request as it was; nothing is done twice."
    retry_after = 2

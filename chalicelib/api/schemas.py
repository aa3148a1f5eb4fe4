"""
Forms of requests, as pydantic models.

Strict types, no unknown fields, every fault of every field at once, and
nothing of the input repeated.

Loading this module costs a cold start some 70 ms, so only routes that take a
body import it, when they are called.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal, TypeVar

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from chalicelib.errors import FieldProblem, InvalidFieldsError
from chalicelib.model import from_rfc3339
from chalicelib.rules import text

LONGEST_MESSAGE_BYTES: Final = 16_384
LONGEST_BODY: Final = 100_000
MOST_TAGS: Final = 10
MOST_DECISIONS: Final = 25
FARTHEST: Final = timedelta(days=3650)
"""How far ahead an article may be scheduled."""

MESSAGES: Final = {
    "email_required": "Please enter email address.",
    "email_invalid": "Please enter a valid email address.",
    "name_required": "Please enter your name.",
    "name_too_long": "Please enter at most 80 characters.",
    "name_invalid": "Please enter a name without control characters.",
    "message_required": "Please enter a message.",
    "message_too_long": "Please enter at most 5000 characters.",
    "message_invalid": "Please enter a message without control characters.",
    "captcha_required": "Please check re-captcha.",
    "captcha_failed": "Please check re-captcha.",
    "consent_required": "Please agree to what is asked.",
    "consent_outdated": "Please read and agree to the text as it is now.",
    "rating_required": "Please rate this article.",
    "rating_out_of_range": "Please choose 1 to 5 stars.",
    "slug_invalid": "Please use 1 to 80 of a-z, 0-9 and hyphen.",
    "title_required": "Please enter a title.",
    "body_markdown_required": "Please enter a text.",
    "tags_invalid": "Please use up to 10 tags of a-z, 0-9 and hyphen.",
    "image_url_invalid": "Please enter an http or https address.",
    "published_at_invalid": "Please enter a time like 2026-03-14T08:00:00Z, not in the future.",
    "published_at_past": "Please enter a time in the future for a scheduled article.",
    "status_invalid": "Please choose draft, scheduled or published; with PATCH retracted too.",
    "retraction_reason_invalid": "Please give a reason of up to 500 characters, to retract.",
    "after_days_invalid": "Please enter a number of days from 0 to 3650.",
    "value_invalid": "Please enter a word, a domain, a network, an address or a review's id.",
    "effect_invalid": "Please choose hold or spam; a reader's submissions are spam.",
    "unknown_field": "Please send only the fields of the contract.",
    "nothing_to_change": "Please send at least one field.",
}
_FALLBACK: Final = {
    "required": "This field is required.",
    "too_long": "This is too long.",
    "invalid": "Please check this field.",
}

M = TypeVar("M", bound=BaseModel)


def parse(model: type[M], body: dict[str, Any], *also: FieldProblem) -> M:
    """
    Check a request's body.

    Args:
        also: Problems found elsewhere, to be reported with the others.

    Raises:
        InvalidFieldsError: With a problem for every field that is wrong.
    """
    try:
        parsed = model.model_validate(body)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        problems = dict.fromkeys([_problem(one) for one in details])
        raise InvalidFieldsError(problems=(*problems, *also)) from None
    if also:
        raise InvalidFieldsError(problems=also)
    return parsed


def parse_some(model: type[M], body: dict[str, Any]) -> M:
    """
    Check a request's body of which any one field is enough.

    Raises:
        InvalidFieldsError: As `parse`, or there is no field.
    """
    parsed = parse(model, body)
    if not parsed.model_fields_set:
        nothing = FieldProblem("", "nothing_to_change", MESSAGES["nothing_to_change"])
        raise InvalidFieldsError(problems=(nothing,))
    return parsed


def is_address(value: str) -> bool:
    """Tell whether a text is an e-mail address that a reader may have."""
    try:
        _email(value)
    except PydanticCustomError:
        return False
    return True


def field_problem(field: str, code: str) -> FieldProblem:
    """Describe what is wrong with a field at the top of the body."""
    return FieldProblem(f"/{field}", code, MESSAGES[code])


def _problem(detail: ErrorDetails) -> FieldProblem:
    kind, path = detail["type"], detail["loc"]
    # The name of an unknown field is input, and input is not repeated.
    if kind == "extra_forbidden":
        return FieldProblem(_pointer(path[:-1]), "unknown_field", MESSAGES["unknown_field"])
    name = "_".join(part for part in path if isinstance(part, str))
    code = _code(name, kind, is_absent=detail["input"] is None)
    ending = next((end for end in _FALLBACK if code.endswith(end)), "invalid")
    return FieldProblem(_pointer(path), code, MESSAGES.get(code, _FALLBACK[ending]))


def _pointer(path: tuple[int | str, ...]) -> str:
    return "".join(f"/{part}" for part in path)


def _code(name: str, kind: str, *, is_absent: bool) -> str:
    if kind in _OWN_KINDS:
        return f"{name}_{kind}"
    if kind == "missing" or is_absent:
        return f"{name}_required"
    return "rating_out_of_range" if name == "rating" else f"{name}_invalid"


_OWN_KINDS: Final = frozenset({"required", "too_long", "invalid"})


def _fault(kind: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "see MESSAGES")


def _written(longest: int, *, one_line: bool, required: bool = True) -> Callable[[str], str]:
    """Make the check of a text that a person wrote."""

    def check(value: str) -> str:
        if not text.is_clean(value.replace("\r\n", "\n"), one_line=one_line):
            raise _fault("invalid")
        value = text.normalise(value)
        if required and text.is_blank(value):
            raise _fault("required")
        if len(value) > longest:
            raise _fault("too_long")
        return value

    return check


def _name(value: str) -> str:
    value = _written(80, one_line=True)(value)
    if not text.is_name(value):
        raise _fault("invalid")
    return value


def _message(value: str) -> str:
    value = _written(5000, one_line=False)(value)
    if len(value.encode()) > LONGEST_MESSAGE_BYTES:
        raise _fault("too_long")
    return value


def _email(value: str) -> str:
    value = value.strip()
    if not value:
        raise _fault("required")
    try:
        # Without a look-up: an address is a reader's name here, and no mail is sent.
        checked = validate_email(value, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise _fault("invalid") from None
    return checked.normalized


def _tag(value: str) -> str:
    if text.TAG.fullmatch(value) is None:
        raise _fault("invalid")
    return value


def _slug(value: str) -> str:
    if text.SLUG.fullmatch(value) is None:
        raise _fault("invalid")
    return value


_HTTP_URL: Final = TypeAdapter(HttpUrl)
# A URL is shown as it was written, so nothing is left in it that a browser
# would have to mend. www.rfc-editor.org/rfc/rfc3986#appendix-A
_WEB_ADDRESS: Final = re.compile(r"https?://[^\s\"<>\\^`{|}]+", re.IGNORECASE)


def _web_address(value: str) -> str:
    try:
        _HTTP_URL.validate_python(value)
    except ValidationError:
        raise _fault("invalid") from None
    is_whole = _WEB_ADDRESS.fullmatch(value) is not None and text.is_clean(value)
    if len(value) > 2048 or not is_whole:  # noqa: PLR2004
        raise _fault("invalid")
    return value


def _time(value: object) -> datetime:
    try:
        at = from_rfc3339(value if isinstance(value, str) else "").replace(microsecond=0)
    except (ValueError, OverflowError):
        raise _fault("invalid") from None
    if not datetime(1970, 1, 1, tzinfo=UTC) <= at <= datetime.now(UTC) + FARTHEST:
        raise _fault("invalid")
    return at


def _sized(shortest: int, longest: int) -> Any:
    return Field(json_schema_extra={"minLength": shortest, "maxLength": longest})


Name = Annotated[str, AfterValidator(_name), _sized(1, 80)]
Email = Annotated[str, AfterValidator(_email), _sized(3, 254)]
Message = Annotated[str, AfterValidator(_message), _sized(1, 5000)]
Rating = Annotated[int, Field(ge=1, le=5)]
Title = Annotated[str, AfterValidator(_written(200, one_line=True)), _sized(1, 200)]
Description = Annotated[
    str, AfterValidator(_written(500, one_line=True, required=False)), _sized(0, 500)
]
Author = Annotated[str, AfterValidator(_written(80, one_line=True)), _sized(1, 80)]
Body = Annotated[
    str, AfterValidator(_written(LONGEST_BODY, one_line=False)), _sized(1, LONGEST_BODY)
]
Caption = Annotated[
    str, AfterValidator(_written(300, one_line=True, required=False)), _sized(0, 300)
]
WebAddress = Annotated[
    str,
    AfterValidator(_web_address),
    Field(json_schema_extra={"format": "uri", "maxLength": 2048}),
]
Tag = Annotated[
    str, AfterValidator(_tag), Field(json_schema_extra={"pattern": f"^{text.TAG.pattern}$"})
]
Slug = Annotated[
    str, AfterValidator(_slug), Field(json_schema_extra={"pattern": f"^{text.SLUG.pattern}$"})
]
Tags = Annotated[list[Tag], Field(max_length=MOST_TAGS)]
Time = Annotated[
    datetime, BeforeValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})
]
Ulid = Annotated[str, Field(pattern=f"^{text.ULID.pattern}$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class SubmissionIn(_In):
    """What a reader sends to review an article."""

    email: Email
    name: Name
    message: Message
    rating: Rating
    captcha_token: Annotated[str, Field(max_length=2048)] | None = None
    form_token: Annotated[str, Field(max_length=512)] | None = None
    website: Annotated[str, Field(max_length=2048)] | None = None
    notify: bool = False
    consent_revision: Annotated[str, Field(max_length=40)] | None = None


class ReaderIn(_In):
    """Whose data it is: their address, in any spelling."""

    email: Email


class ReaderRequestIn(_In):
    """What a reader asks for: a link to get or to erase what is held of their address."""

    email: Email
    action: Literal["export", "erase"]
    captcha_token: Annotated[str, Field(max_length=2048)] | None = None


class LinkIn(_In):
    """The token of a link: what stands behind its `#`. Of an export also where to go on."""

    token: Annotated[str, Field(min_length=1, max_length=512)]
    cursor: Annotated[str, Field(min_length=1, max_length=512)] | None = None


class ReviewPatchIn(_In):
    """What a reader sends to edit a review; at least one field."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    name: Name = Field(default_factory=str)
    message: Message = Field(default_factory=str)
    rating: Rating = Field(default_factory=int)


class VoteIn(_In):
    """What a reader thinks of a review."""

    vote: Literal["helpful"]


class ReportIn(_In):
    """What a reader has against a review. `message` is for its editors alone."""

    reason: Literal["spam", "offensive", "personal", "off_topic", "other"]
    message: Annotated[
        str, AfterValidator(_written(500, one_line=False, required=False)), _sized(0, 500)
    ] = ""


class ImageIn(_In):
    """An article's picture; `credit` stands under it."""

    url: WebAddress
    alt: Caption = ""
    credit: Caption = ""


class ArticleIn(_In):
    """A whole article. Without a status a new one is a draft and an old one stays what it is."""

    title: Title
    body_markdown: Body
    description: Description = ""
    image: ImageIn | None = None
    author: Author | None = None
    tags: Tags = Field(default_factory=list)
    published_at: Time | None = None
    status: Literal["draft", "scheduled", "published"] | None = None


Reason = Annotated[
    str, AfterValidator(_written(500, one_line=False, required=False)), _sized(0, 500)
]


class FreezeIn(_In):
    """When an article takes no more reviews: so many days from now, 0 for at once."""

    after_days: Annotated[int, Field(ge=0, le=3650)]


class MoveIn(_In):
    """The slug that an article gets."""

    slug: Slug


class ArticlePatchIn(_In):
    """Some fields of an article; at least one."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    title: Title = Field(default_factory=str)
    body_markdown: Body = Field(default_factory=str)
    description: Description = Field(default_factory=str)
    image: ImageIn | None = None
    author: Author | None = None
    tags: Tags = Field(default_factory=list)
    published_at: Time = Field(default_factory=lambda: datetime.now(UTC))
    status: Literal["draft", "scheduled", "published", "retracted"] = Field(
        default_factory=lambda: "draft"
    )
    retraction_reason: Reason = Field(default_factory=str)


class DecisionIn(_In):
    """What an editor decides about one review or proposal."""

    slug: Slug
    id: Ulid
    decision: Literal["publish", "reject", "spam"]
    revision: Annotated[int, Field(ge=1, le=9_007_199_254_740_991)] | None = None
    note: Annotated[
        str, AfterValidator(_written(500, one_line=False, required=False)), _sized(0, 500)
    ] = ""


class DecisionsIn(_In):
    """Up to 25 decisions."""

    decisions: Annotated[list[DecisionIn], Field(min_length=1, max_length=MOST_DECISIONS)]


class BlockIn(_In):
    """
    What an editor blocks.

    `value` is a word or phrase, a domain, a network like `203.0.113.0/24`, or of a reader
    the e-mail address or the id of a review. A blocked reader's submissions are spam.
    """

    kind: Literal["word", "domain", "network", "reader"]
    value: Annotated[str, Field(min_length=1, max_length=254)]
    effect: Literal["hold", "spam"] = "spam"
    note: Annotated[
        str, AfterValidator(_written(100, one_line=True, required=False)), _sized(0, 100)
    ] = ""


class ReplyIn(_In):
    """An editor's public answer to a review."""

    message: Message

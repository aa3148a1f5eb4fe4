"""The editors' desk: what is not public yet, the queue, decisions and replies."""

import re
from typing import TYPE_CHECKING, Final

from chalice.app import Blueprint, Request, Response

from chalicelib.api import bodies, cursors, http, shapes
from chalicelib.api.http import Contract
from chalicelib.errors import (
    BlockNotFoundError,
    InvalidCursorError,
    InvalidFieldsError,
    InvalidRequestError,
    ReviewNotFoundError,
    StaleRevisionError,
    TooManyBlocksError,
)
from chalicelib.guard import decisions, secrets
from chalicelib.model import Block, Editor, Effect, ReviewHandle, now
from chalicelib.rules import text
from chalicelib.store import aliases, blocks, consents, keys, review_lists, reviews
from chalicelib.store.review_lists import Filter

if TYPE_CHECKING:
    from chalicelib.api.schemas import BlockIn, DecisionIn

MOST_BODY_BYTES: Final = 131_072
_REASON: Final = re.compile(r"[a-z_]{1,40}", re.ASCII)
_STARS: Final = re.compile(r"[1-5]", re.ASCII)

routes = Blueprint(__name__)


@http.route(
    routes,
    "GET",
    "/editor/reviews",
    Contract(
        answer="QueuePage",
        query=("limit", "cursor", "status", "article", "reason", "stars"),
        errors=(InvalidRequestError, InvalidCursorError),
        security="editor",
        scope="moderate",
    ),
)
def list_queue(request: Request, editor: Editor) -> Response:
    """
    List the reviews and proposed changes that wait for a decision, oldest first.

    With `status=spam` those that are taken for spam, with `status=rejected` those that were
    rejected; the setting RETENTION says for how long they are kept. With `status=reported`
    those that are public and were reported. With `article`, `reason` or `stars` a page may be
    short, or empty, though others follow: it ends when there is no cursor.
    """
    del editor
    queue = http.choice(request, "status", tuple(map(str, keys.QUEUES)))
    article = _matching("article", http.query(request, "article"), text.SLUG)
    reason = http.query(request, "reason")
    stars = _matching("stars", http.query(request, "stars"), _STARS)
    chosen = Filter(
        aliases.resolve(article) if article else None,
        _matching("reason", reason, _REASON),
        int(stars) if stars else None,
    )
    scope = ("editor/reviews", queue, article, reason, stars)
    position = cursors.open_for(http.parameter(request, "cursor"), *scope)
    page = review_lists.list_queue(queue, position, http.limit(request), chosen)
    current = review_lists.current_of(page.items)
    texts = consents.of(page.items)
    items = [shapes.waiting(one, current, texts) for one in page.items]
    return http.private(shapes.page(items, cursors.issue(page.position, *scope)))


@http.route(
    routes,
    "POST",
    "/editor/reviews/decisions",
    Contract(
        answer="DecisionResults",
        body="DecisionsIn",
        errors=bodies.ERRORS,
        security="editor",
        scope="moderate",
    ),
)
def decide_reviews(request: Request, editor: Editor) -> Response:
    """
    Decide on up to 25 reviews, each with a result of its own.

    To publish a proposed change is to put it into the review that it is for. With `revision` it
    is decided on what the editor saw, or not at all.
    The same decisions again change nothing, so after a 503 repeat them all.
    """
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic

    body = schemas.parse(schemas.DecisionsIn, bodies.read_object(request, MOST_BODY_BYTES))
    results = [
        {"slug": one.slug, "id": one.id, "result": _decide(one, editor)} for one in body.decisions
    ]
    return http.private({"results": results})


@http.route(
    routes,
    "PUT",
    "/editor/articles/{slug}/reviews/{id}/reply",
    Contract(
        answer="Review",
        body="ReplyIn",
        errors=(*bodies.ERRORS, ReviewNotFoundError),
        security="editor",
        scope="moderate",
    ),
)
def put_reply(request: Request, editor: Editor, slug: str, id: str) -> Response:  # noqa: A002 - the path's name
    """Put a public answer under a review, in place of an earlier one."""
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic

    body = schemas.parse(schemas.ReplyIn, bodies.read_object(request, MOST_BODY_BYTES))
    handle = known_review(slug, id)
    review = decisions.reply(slug, handle, body.message, now(), by=editor.name)
    return http.private(shapes.review(review))


@http.route(
    routes,
    "GET",
    "/editor/blocks",
    Contract(answer="BlockList", security="editor", scope="moderate"),
)
def list_blocks(request: Request, editor: Editor) -> Response:
    """List what is blocked: words, domains, networks and readers."""
    del request, editor
    return http.private({"items": [shapes.block(one) for one in blocks.list_all()]})


@http.route(
    routes,
    "POST",
    "/editor/blocks",
    Contract(
        status=201,
        answer="BlockEntry",
        body="BlockIn",
        errors=(*bodies.ERRORS, ReviewNotFoundError, TooManyBlocksError),
        security="editor",
        scope="moderate",
    ),
)
def add_block(request: Request, editor: Editor) -> Response:
    """Block a word, a domain, a network or a reader; the same once more changes its entry."""
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic

    body = schemas.parse(schemas.BlockIn, bodies.read_object(request, MOST_BODY_BYTES))
    entry = Block(
        id=keys.new_id(),
        kind=body.kind,
        value=_blocked_value(body),
        effect=Effect(body.effect),
        note=body.note,
        blocked_by=editor.name,
        blocked_at=now(),
    )
    stored = blocks.add(entry)
    headers = {"Location": http.path_below(request, stored.id)}
    return http.private(shapes.block(stored), 201, headers)


@http.route(
    routes,
    "DELETE",
    "/editor/blocks/{id}",
    Contract(status=204, errors=(BlockNotFoundError,), security="editor", scope="moderate"),
)
def remove_block(request: Request, editor: Editor, id: str) -> Response:  # noqa: A002 - the path's name
    """Take an entry off the block list."""
    del request, editor
    blocks.remove(id)
    return http.private(None)


def _blocked_value(body: "BlockIn") -> str:
    """
    Give what is compared with submissions.

    Raises:
        InvalidFieldsError: The value is none of its kind, or a reader is to be held:
            what is held is told, and a reader must not learn that he is blocked.
        ReviewNotFoundError: No review has the id that a reader is named by.
    """
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic
    from chalicelib.rules import spam  # noqa: PLC0415 - nor its patterns

    if body.kind != "reader":
        try:
            return spam.normalise_block(body.kind, body.value)
        except ValueError:
            raise _invalid("value") from None
    if body.effect != "spam":
        raise _invalid("effect")
    if text.ULID.fullmatch(body.value):
        reader = reviews.find_reader(body.value)
        if reader is None:
            raise ReviewNotFoundError
        return reader
    if not schemas.is_address(body.value):
        raise _invalid("value")
    return keys.reader(secrets.current().reader_secret, body.value)


def _matching(name: str, value: str | None, form: re.Pattern[str]) -> str | None:
    if value is not None and form.fullmatch(value) is None:
        raise InvalidRequestError(f"The parameter {name} has another form.")
    return value


def _invalid(field: str) -> InvalidFieldsError:
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic

    return InvalidFieldsError(problems=(schemas.field_problem(field, f"{field}_invalid"),))


def known_review(slug: str, review_id: str) -> ReviewHandle:
    """
    Find the review or the proposal of an article that an editor names.

    Raises:
        ReviewNotFoundError: There is none, or no review can have that id.
        UnavailableError: The index could not be read.
    """
    key = reviews.find_key(slug, review_id) if text.ULID.fullmatch(review_id) else None
    if key is None:
        raise ReviewNotFoundError
    return ReviewHandle(key, review_id)


def _decide(one: "DecisionIn", editor: Editor) -> str:
    try:
        is_changed = http.at_home(
            one.slug,
            lambda slug: decisions.decide(
                slug,
                known_review(slug, one.id),
                one.decision,
                now(),
                by=editor.name,
                note=one.note,
                revision=one.revision,
            ),
        )
    except ReviewNotFoundError:
        return ReviewNotFoundError.code
    except StaleRevisionError:
        return "stale"
    return "changed" if is_changed else "unchanged"

"""
All that is known before a submission is taken in.

    read                  BatchGetItem of both tables, consistent    1 round trip
    read_counted          BatchGetItem, consistent                   1
    spend, remember       part of another module's transaction       2 write units

Whoever sends it, the same number of rows is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chalicelib import settings
from chalicelib.model import Block, Counter, Gate, Review, ReviewKey, Tally
from chalicelib.store import attributes, blocks, client, counters, items, keys
from chalicelib.store.attributes import Item
from chalicelib.store.client import Action

MOST_ARTICLES: Final = 10
"""How many articles of one message are worth remembering."""


@dataclass(frozen=True, slots=True)
class Known:
    """
    What the tables say about a submission.

    Attributes:
        gate: Whether the article takes reviews.
        rows: Reviews and proposals that hold the keys that were asked for.
        is_spent: Whether the captcha token brought a review before.
        counters: The counters that were asked for, filled, in their order.
        articles: Slugs that the same message was sent to.
        tally: The article's.
    """

    gate: Gate
    rows: dict[ReviewKey, Review]
    is_spent: bool
    counters: tuple[Counter, ...]
    blocks: tuple[Block, ...]
    articles: tuple[str, ...]
    tally: Tally


def read(
    slug: str,
    review_keys: Sequence[ReviewKey],
    asked: Sequence[Counter],
    token: str | None,
    text: str | None,
) -> Known:
    """
    Read what the intake goes by.

    Args:
        review_keys: Of the review and of the proposal that it may become.
        asked: Counters to fill.
        token: SHA-256 of the captcha token, if there is one.
        text: Hash of the message, if it is long enough to be known again.

    Raises:
        UnavailableError: The tables could not be read.
    """
    known = settings.current()
    derived = [keys.tally(slug), *(key for counter in asked for key in counters.keys_of(counter))]
    derived += [keys.token(token)] if token else []
    derived += [keys.text(text)] if text else []
    content = [keys.gate(slug), keys.blocks(), *(keys.review(slug, key) for key in review_keys)]
    rows = client.batch_get(
        {known.content_table: content, known.derived_table: derived}, consistent=True
    )
    by_sk = {row["sk"]["S"]: row for row in rows[known.content_table]}
    by_pk = {row["pk"]["S"]: row for row in rows[known.derived_table]}
    return Known(
        gate=items.gate_from(by_sk.get(keys.GATE)),
        rows={
            key: items.review_from(by_sk[keys.review_sk(key)])
            for key in review_keys
            if keys.review_sk(key) in by_sk
        },
        is_spent=token is not None and keys.token(token)["pk"]["S"] in by_pk,
        counters=tuple(counters.found(counter, by_pk) for counter in asked),
        blocks=blocks.from_row(by_sk.get(keys.blocks()["sk"]["S"])),
        articles=_articles(by_pk.get(keys.text(text)["pk"]["S"])) if text else (),
        tally=items.tally_from(by_pk.get(keys.tally_pk(slug))),
    )


def read_counted(asked: Sequence[Counter], token: str | None) -> tuple[list[Counter], bool]:
    """
    Read counters alone, and whether a captcha token was spent.

    Args:
        asked: Counters to fill.
        token: SHA-256 of the captcha token, if there is one.

    Raises:
        UnavailableError: The table could not be read.
    """
    table = settings.current().derived_table
    wanted = [key for counter in asked for key in counters.keys_of(counter)]
    wanted += [keys.token(token)] if token else []
    rows = client.batch_get({table: wanted}, consistent=True)[table]
    by_pk = {row["pk"]["S"]: row for row in rows}
    is_spent = token is not None and keys.token(token)["pk"]["S"] in by_pk
    return [counters.found(counter, by_pk) for counter in asked], is_spent


def spend(token: str, expires_at: int) -> Action:
    """
    Make the write that spends a captcha token, or fails if it was spent.

    Args:
        token: Its SHA-256.
        expires_at: Epoch seconds when no provider vouches for it any more.
    """
    return {
        "Put": {
            "TableName": settings.current().derived_table,
            "Item": keys.token(token) | attributes.pack({"expires_at": expires_at}),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }


def remember(text: str, articles: Sequence[str], expires_at: int) -> Action:
    """
    Make the write that notes which articles a message was sent to.

    Args:
        text: Hash of the message.
        articles: Slugs; the last `MOST_ARTICLES` are kept.
        expires_at: Epoch seconds.
    """
    row = {"articles": list(articles[-MOST_ARTICLES:]), "expires_at": expires_at}
    item = keys.text(text) | attributes.pack(row)
    return {"Put": {"TableName": settings.current().derived_table, "Item": item}}


def _articles(row: Item | None) -> tuple[str, ...]:
    return tuple(attributes.unpack(row or {}).get("articles", ()))

"""
Many rows in little time: copies of rows that the app itself has written.

moto copies a whole table for every action of a transaction, so that a thousand reviews through the
API take minutes. Copies go in by BatchWriteItem; the tally follows in one write.
"""

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import boto3

from chalicelib import settings
from chalicelib.model import SCOPES, now
from chalicelib.rules.ratings import recount, score
from chalicelib.store import editor_keys, keys, tallies
from chalicelib.store.attributes import Item
from localdev import tables
from tests.client import EDITOR_KEY
from tools import keys as operators

# Digits of a digest's base32 and of a ULID's alike.
_DIGITS = "ABCDEFGHJKMNPQRSTVWXYZ234567"
_OF_A_REVIEW = {"R#", "L#"}


class _Row(NamedTuple):
    table: str
    item: Item

    @property
    def pk(self) -> str:
        return str(self.item["pk"]["S"])

    @property
    def sk(self) -> str:
        return str(self.item["sk"]["S"])


def editor_key(name: str = "ada", key: str = EDITOR_KEY, scopes: Sequence[str] = SCOPES) -> None:
    """Make a key as `python -m tools.keys create` does."""
    made = operators.described(name, key, now(), scopes)
    editor_keys.create(tables.name("ContentTable", "local"), made)


def copy_article(slug: str, copies: int) -> None:
    """Publish copies of an article, `<slug>-0` and so on, with its lists and tally, unreviewed."""
    kept = [row for row in _all_rows() if row.sk[:2] not in _OF_A_REVIEW]
    rows = [row for row in kept if slug in json.dumps(row)]
    _put_copies(rows, ({slug: f"{slug}-{number}"} for number in range(copies)))


def copy_review(slug: str, total: int) -> None:
    """Make of an article's only review, one of five stars and counted, this many."""
    of_article = {keys.article_pk(slug), keys.tally_pk(slug)}
    rows = [row for row in _all_rows() if row.pk in of_article and row.sk[:2] in _OF_A_REVIEW]
    ((digest, review_id),) = ((row.sk[2:], row.item["id"]["S"]) for row in rows if "id" in row.item)
    parts = map("".join, itertools.product(_DIGITS, repeat=3))
    _put_copies(
        rows,
        (
            {text: text[:12] + part + text[15:] for text in (digest, review_id)}
            for part in itertools.islice(parts, total - 1)
        ),
    )
    seen = tallies.read({slug: ()})[slug].tally
    numbers = recount([5] * total)
    after = replace(numbers, revision=seen.revision + 1, counts_revision=seen.counts_revision + 1)
    tallies.overwrite(slug, seen, after, score(after.count, after.total))


def copy_decision(slug: str, review_id: str, total: int) -> None:
    """Make of one decision on a review, the latest, this many."""
    rows = [row for row in _all_rows() if row.pk == keys.decisions_pk(slug)]
    row = max((row for row in rows if review_id in json.dumps(row)), key=lambda row: row.sk)
    parts = map("".join, itertools.product(_DIGITS, repeat=3))
    copies = ({row.sk: row.sk[:12] + part + row.sk[15:]} for part in parts)
    _put_copies([row], itertools.islice(copies, total - 1))


def _all_rows() -> list[_Row]:
    client = boto3.client("dynamodb")
    known = settings.current().content_table, settings.current().derived_table
    return [_Row(table, row) for table in known for row in client.scan(TableName=table)["Items"]]


def _put_copies(rows: Sequence[_Row], replacements: Iterable[dict[str, str]]) -> None:
    client = boto3.client("dynamodb")
    text = json.dumps(rows)
    copies = [_Row(*row) for one in replacements for row in json.loads(_replaced(text, one))]
    for start in range(0, len(copies), 25):
        requests: dict[str, list[Any]] = {}
        for row in copies[start : start + 25]:
            requests.setdefault(row.table, []).append({"PutRequest": {"Item": row.item}})
        client.batch_write_item(RequestItems=requests)


def _replaced(text: str, replacement: dict[str, str]) -> str:
    for old, new in replacement.items():
        text = text.replace(old, new)
    return text

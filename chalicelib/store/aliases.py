"""
Slugs that articles got later.

    home                 from memory                                   0 round trips
    find                 GetItem, consistent                           1
    resolve              both                                          0 or 1
    actions              part of an article's transaction              2 write units each

An article that is moved keeps its rows, and its reviews theirs, whose keys are made of its first
slug. A later slug has a row that names the first one. Nobody changes or removes that row, so a
process may keep what it has read.
"""

from typing import Final

from chalicelib import settings
from chalicelib.model import Article
from chalicelib.store import attributes, client, keys
from chalicelib.store.client import Action

_found: Final[dict[str, str]] = {}


def home(slug: str) -> str:
    """Give the slug of an article's rows as far as it is known here; else the same."""
    return _found.get(slug, slug)


def find(slug: str) -> str | None:
    """
    Give the first slug of the article that got this one later.

    Raises:
        UnavailableError: The table could not be read.
    """
    row = client.get(settings.current().content_table, keys.alias(slug), consistent=True)
    if row is None:
        return None
    _found[slug] = attributes.unpack(row)["home"]
    return _found[slug]


def resolve(slug: str) -> str:
    """
    Give the first slug of an article by any of its slugs; the same of one that nobody got later.

    Raises:
        UnavailableError: The table could not be read.
    """
    return _found.get(slug) or find(slug) or slug


def forget() -> None:
    """Forget what was read, for tests whose tables are emptied."""
    _found.clear()


def actions(new: Article, old: Article | None) -> list[Action]:
    """
    Make what goes with an article that gets a slug: no two may ever have the same.

    It may get one again that it had.
    """
    if old is None:
        return [_unless_there(keys.alias(new.slug))]
    if new.slug in {old.slug, new.home}:
        return []
    put = {
        "TableName": settings.current().content_table,
        "Item": keys.alias(new.slug) | attributes.pack({"home": new.home}),
        "ConditionExpression": "attribute_not_exists(pk) OR home = :home",
        "ExpressionAttributeValues": attributes.pack({":home": new.home}),
    }
    return [{"Put": put}, _unless_there(keys.article(new.slug))]


def _unless_there(key: keys.Key) -> Action:
    return {
        "ConditionCheck": {
            "TableName": settings.current().content_table,
            "Key": key,
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }

"""
Articles that only the lists and the stream know of, and an oracle of what is related to them.

    shelf = Shelf()
    record = shelf.change("lamp", tags=("optics",))   # its rows in the lists, and the record of it
    count(record)
    assert shelf.differing() == {}

The oracle is written from docs/data-model.md, in memory: it sees all articles at once and knows no
keys, positions or queries.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib import settings
from chalicelib.model import Article, Summary, Teaser
from chalicelib.store import client, keys, listings, related
from tests import rows
from tests.event_source import Record


class Shelf:
    """
    Attributes:
        articles: As content has them, by first slug.
        records: Of all changes, in order.
    """

    def __init__(self) -> None:
        self.articles: dict[str, Article] = {}
        self.records: list[Record] = []

    def change(self, home: str, **changes: Any) -> Record:
        """Change an article, or make it, with its rows in the lists; gives the stream's record."""
        old = self.articles.get(home)
        at = rows.AT + timedelta(minutes=len(self.records))
        if old is None:
            new = rows.article(**{"slug": home, "title": home, "author": None, **changes})
        else:
            new = replace(old, summary=replace(old.summary, **changes))
        revision = 1 if old is None else old.revision + 1
        new = replace(new, summary=replace(new.summary, revision=revision, updated_at=at))
        self._relist(old, new)
        self.articles[home] = new
        self.records.append(rows.record(old, new, len(self.records) + 1))
        return self.records[-1]

    def fill(self, number: int, *tags: str) -> list[Record]:
        """Publish articles an hour apart, `a00` and so on, all with these tags."""
        return [self.change(f"a{n:02d}", tags=tags, published_at=hour(n)) for n in range(number)]

    def expected(self, home: str) -> list[Teaser]:
        """Say what its page should show beside a public article; nothing beside another."""
        article = self.articles[home].summary
        if not article.is_public:
            return []
        public = [one.summary for one in self.articles.values() if one.is_public]
        near: dict[str, Summary] = {}
        for tag in article.tags[:5]:
            tagged = sorted((one for one in public if tag in one.tags), key=_place)
            at = next(n for n, one in enumerate(tagged) if one.home == home)
            for one in (*tagged[max(0, at - 3) : at], *tagged[at + 1 : at + 4]):
                near[one.home] = one
        order = sorted(
            near.values(),
            key=lambda one: (
                -sum(tag in article.tags for tag in one.tags),
                abs(_time(one) - _time(article)),
                one.home,
            ),
        )
        return [one.teaser for one in order[:4]]

    def differing(self) -> dict[str, tuple[list[str], list[str]]]:
        """Give the slugs that a page shows and those that it should, where they differ."""
        kept = related.read(self.articles)
        return {
            home: (_slugs(kept[home].articles), _slugs(self.expected(home)))
            for home in self.articles
            if kept[home].articles != tuple(self.expected(home))
        }

    def shown(self, home: str) -> list[str]:
        """Give the slugs that an article's page shows."""
        return _slugs(related.read([home])[home].articles)

    def _relist(self, old: Article | None, new: Article) -> None:
        table = settings.current().derived_table
        places = listings.places_of(old.summary) if old else set()
        for place in places - listings.places_of(new.summary):
            client.write({"Delete": {"TableName": table, "Key": keys.key(*place)}})
        for row in listings.rows_of(new.summary):
            client.write({"Put": {"TableName": table, "Item": row}})


def hour(number: int) -> datetime:
    """Give a time so many hours after the first."""
    return rows.AT + timedelta(hours=number)


def _slugs(teasers: Any) -> list[str]:
    return [one.slug for one in teasers or ()]


def _place(one: Summary) -> tuple[datetime, str]:
    return _time(one), one.home


def _time(one: Summary) -> datetime:
    assert one.published_at is not None
    return one.published_at

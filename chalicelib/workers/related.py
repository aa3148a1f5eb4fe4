"""
Keeps what each article's page shows of others: its related articles.

Nothing is taken from a stream record but where to look. A row is computed from the lists as they
are, read after the row itself, and written if it is still the one that was read; it is written
also if nothing of it is new, or a worker that has read the lists before the last change could
still write what it saw. So order, repetition, other workers and a crash at any point make no
difference: whoever has read the lists last has the last word.

A change of an article concerns itself and those within three places of where it stood and stands
in the lists of its tags. Whom it concerned when it took place, it concerns still, unless a later
change, whose own record comes, concerns them too.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import islice
from typing import Final

from chalicelib import logs
from chalicelib.errors import UnavailableError
from chalicelib.model import Summary, Teaser, now
from chalicelib.rules import likeness
from chalicelib.store import listings, related
from chalicelib.store.neighbours import Neighbours
from chalicelib.workers.records import ArticleChange

_ATTEMPTS: Final = 8
_AT_ONCE: Final = 100
"""Rows between whose reading and writing others had better not come."""


def follow(changes: Sequence[ArticleChange]) -> None:
    """
    Bring the rows up to date that changes of articles concern.

    Raises:
        UnavailableError: DynamoDB is throttled, or others kept changing the same rows. Some may
            be written; repeat all.
    """
    own: dict[str, Summary] = {}
    near: dict[str, Summary] = {}
    for change in changes:
        stands = _stands(change)
        for one in stands:
            near |= near_to(one)
        if change.summary is None:
            related.clear(change.slug, change.revision)
        elif any(one.tags for one in stands):
            own[change.summary.home] = change.summary
    # What a list said is newer than what a record did.
    concerned = own | near
    if concerned:
        compute(concerned.values())
        logs.write("related", changes=len(changes), articles=len(concerned))


def near_to(article: Summary) -> dict[str, Summary]:
    """
    Give the articles that an article concerns where it stands, or would stand, by first slug.

    Raises:
        UnavailableError: The lists could not be read.
    """
    lists = Neighbours(likeness.NEIGHBOURS)
    return {
        one.home: one
        for tag in article.tags
        for one in lists.around(tag, article)
        if tag in likeness.compared_tags(one)
    }


def compute(articles: Iterable[Summary]) -> None:
    """
    Write anew what is related to articles.

    Args:
        articles: As they were seen. What was published, hidden or dated anew since is left to the
            record of that.

    Raises:
        UnavailableError: As `follow`.
    """
    remaining = iter(articles)
    while part := list(islice(remaining, _AT_ONCE)):
        _compute(part)


def reconcile(article: Summary, *, repair: bool, grace: timedelta = timedelta(0)) -> Sequence[str]:
    """
    Compare an article's row with the lists, which must be right.

    Args:
        repair: Whether to put right what differs, also what may be on its way.
        grace: Age below which a change may still be on its way: that of any article, for it need
            not be one of those that are shown.

    Returns:
        What is wrong; nothing if all is well, or the article does not stand in the lists.

    Raises:
        UnavailableError: The table could not be read or written.
    """
    if _is_right(article):
        return ()
    changed_at = listings.latest_change()
    if repair:
        compute([article])
    is_on_its_way = changed_at is not None and changed_at > now() - grace
    return () if is_on_its_way else ("the related articles are out of date",)


def _stands(change: ArticleChange) -> Iterable[Summary]:
    """Give an article as it stood and as it stands in lists; once if that is the same."""
    public = (one for one in (change.before, change.after) if one and one.is_public)
    return {(listings.main_place(one), one.tags): one for one in public}.values()


def _is_right(article: Summary) -> bool:
    kept = related.read([article.home])[article.home]
    current = listings.find_listed([article]).get(article.home)
    if current is None or kept.article_revision > current.revision:
        return current is None
    lists = Neighbours(likeness.NEIGHBOURS, beyond=likeness.NEIGHBOURS)
    return kept.articles == _wanted(current, lists)


def _compute(waiting: list[Summary]) -> None:
    for _ in range(_ATTEMPTS):
        seen = related.read(one.home for one in waiting)
        current = listings.find_listed(waiting)
        lists = Neighbours(likeness.NEIGHBOURS, beyond=likeness.NEIGHBOURS)
        waiting = [
            one
            for home, one in current.items()
            if not related.replace(one, seen[home].revision, _wanted(one, lists))
        ]
        if not waiting:
            return
    raise UnavailableError


def _wanted(article: Summary, lists: Neighbours) -> tuple[Teaser, ...]:
    if not article.is_public:
        return ()
    candidates = {
        one.home: one
        for tag in likeness.compared_tags(article)
        for one in lists.around(tag, article)
    }
    return tuple(one.teaser for one in likeness.most_alike(article, candidates.values()))

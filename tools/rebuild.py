"""
`python -m tools.rebuild [--article SLUG] [--dry-run]`: recreate the derived table from content.

Writes what is missing or wrong and nothing else: the lists, each article's
place among the best, ledgers and tallies, and then from all lists what is related
to each article. So it may be stopped and run again,
and it is safe beside live traffic. It reads both tables whole. What derived
still says of an article that content does not know is taken back.

    0  derived says what content says, now or all along
    1  something could not be read, or differs and `--dry-run` forbade to write it
    2  the command line, the settings or the article's name are wrong
    3  AWS could not be asked; what was written stays, run it again

The tables are those of the environment: `CONTENT_TABLE`, `DERIVED_TABLE` and
what boto3 reads.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from chalicelib.errors import UnavailableError
from chalicelib.model import Summary, Tally
from chalicelib.store import articles, listings, tallies
from chalicelib.store.items import MalformedItemError
from chalicelib.store.tallies import Standing
from chalicelib.workers import reconcile, related
from tools import failures, forgetting, relisting
from tools.failures import MisusedError

DONE: Final = 0
LEFT: Final = 1
_ATTEMPTS: Final = 5
_NOTHING: Final = Standing(Tally(), None, 0, {})
_STEP: Final = 100
"""Articles between two lines that say how far it is."""


class Found(NamedTuple):
    """
    What was wrong with one article in derived.

    Attributes:
        rows: Rows of lists, missing, wrong or too many.
        causes: What the reconciler found.
        unreadable: Why something of it is left as it was; empty when nothing is.
    """

    rows: int = 0
    causes: tuple[str, ...] = ()
    unreadable: str = ""


def main(arguments: Sequence[str]) -> int:
    """
    Rebuild, and print what was done.

    Returns:
        The exit status, as above.

    Raises:
        SystemExit: The command line cannot be read, or asks for help.
    """
    options = _parser().parse_args(arguments)
    return failures.told("rebuild", partial(_run, options.article, write=not options.dry_run))


def _run(article: str | None, *, write: bool) -> int:
    slugs = list(_every_slug()) if article is None else [_known(article)]
    differing, unreadable = _rebuild_all(slugs, write=write)
    # Rows of articles that are gone, or of lists that an article has left.
    stray = 0 if article is not None else _unlist_strays(write=write)
    differing |= _relate_all(slugs if article is None else _with_neighbours(article), write=write)
    _print(
        f"articles: {len(slugs)}, rebuilt: {len(differing) if write else 0},"
        f" to rebuild: {0 if write else len(differing)}, strays: {stray}, unreadable: {unreadable}"
    )
    return LEFT if unreadable or (not write and (differing or stray)) else DONE


def _every_slug() -> Iterator[str]:
    """Give the articles of content, then those that derived alone still knows."""
    found = set()
    for slug in relisting.every_slug():
        found.add(slug)
        yield slug
    yield from (slug for slug in relisting.every_tallied() if slug not in found)


def _rebuild_all(slugs: Iterable[str], *, write: bool) -> tuple[set[str], int]:
    differing, unreadable = set(), 0
    for looked_at, slug in enumerate(slugs, start=1):
        found = _rebuild(slug, write=write)
        if found.rows or found.causes:
            differing.add(slug)
            said = [f"{found.rows} rows of lists"] if found.rows else []
            _print(f"{slug}: {'; '.join([*said, *found.causes])}")
        if found.unreadable:
            unreadable += 1
            _print(f"{slug or 'unknown article'}: {found.unreadable}")
        if looked_at % _STEP == 0:
            _print(f"… {looked_at} articles")
    return differing, unreadable


def _relate_all(slugs: Iterable[str], *, write: bool) -> set[str]:
    """Bring what is related to articles to what the lists say, when all of those are right."""
    differing = set()
    for slug in slugs:
        summary = _summary(slug)
        causes = related.reconcile(summary, repair=write) if summary else ()
        if causes:
            differing.add(slug)
            _print(f"{slug}: {'; '.join(causes)}")
    return differing


def _with_neighbours(slug: str) -> list[str]:
    summary = _summary(slug)
    return [slug, *(related.near_to(summary) if summary and summary.is_public else ())]


def _summary(slug: str) -> Summary | None:
    try:
        article = articles.find(slug) if slug else None
    except MalformedItemError:
        return None
    return article.summary if article else None


def _rebuild(slug: str, *, write: bool) -> Found:
    if not slug:
        return Found(unreadable="the key of its row cannot be read")
    try:
        rows = _relist(slug, write=write)
    except MalformedItemError as error:
        return Found(unreadable=f"the article cannot be read ({error})")
    causes = reconcile.reconcile_tally(slug, repair=write).causes
    left = [cause for cause in causes if "cannot be read" in cause]
    put_right = [cause for cause in causes if cause not in left] + _forget(slug, write=write)
    return Found(rows, tuple(put_right), "; ".join(left))


def _forget(slug: str, *, write: bool) -> list[str]:
    """Let derived forget what content does not have; say what that is."""
    gone = forgetting.entries_of_none(slug)
    said = [f"{len(gone)} ledger entries of reviews that are gone"] if gone else []
    for digest, revision in gone.items() if write else ():
        forgetting.forget_entry(slug, digest, revision)
    standing = tallies.read_standing(slug)
    if _is_gone(slug) and standing != _NOTHING and standing.tally.numbers == Tally():
        said.append("the tally of an article that is gone")
        if write:
            forgetting.forget_related(slug)
            forgetting.forget_tally(slug, standing)
    return said


def _is_gone(slug: str) -> bool:
    try:
        return articles.find(slug) is None
    except MalformedItemError:
        return False


def _relist(slug: str, *, write: bool) -> int:
    for _ in range(_ATTEMPTS):
        article = articles.find(slug)
        rows = relisting.missing(article) if article else []
        if article is None or not rows or not write or relisting.relist(article, rows):
            return len(rows)
    raise UnavailableError


def _unlist_strays(*, write: bool) -> int:
    strays = 0
    for row in relisting.every_listed():
        try:
            article = articles.find(row.slug)
        except MalformedItemError:
            continue
        if article is not None and (row.pk, row.sk) in listings.places_of(article.summary):
            continue
        strays += 1
        _print(f"{row.slug}: a stray row of {row.pk}")
        if write:
            # Whoever has changed the article meanwhile has put its rows right.
            relisting.unlist(row, article)
    return strays


def _known(slug: str) -> str:
    if _is_gone(slug):
        msg = "there is no such article"
        raise MisusedError(msg)
    return slug


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.rebuild",
        description="Recreate the derived table from content.",
    )
    parser.add_argument("--article", metavar="SLUG", help="this article alone")
    parser.add_argument("--dry-run", action="store_true", help="say what differs, write nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""
`python -m tools.reconcile [--article SLUG] [--repair] [--grace SECONDS]`.

Compares tallies with the reviews themselves, as the nightly worker does, and
tells a person what it found. Safe beside live traffic; without `--grace` a
write that is on its way to the tally right now counts as lost.

    0  every tally is right, and nothing is in quarantine
    1  some tally was not right, repaired or not, or a record is in quarantine
    2  the command line, the settings or the article's name are wrong
    3  AWS could not be asked

The tables are those of the environment: `CONTENT_TABLE`, `DERIVED_TABLE` and
what boto3 reads.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from chalicelib.model import Tally
from chalicelib.store import articles, quarantine
from chalicelib.store.items import MalformedItemError
from chalicelib.workers import reconcile
from tools import failures
from tools.failures import MisusedError

RIGHT: Final = 0
DRIFTED: Final = 1


def main(arguments: Sequence[str]) -> int:
    """
    Compare, repair if told to, and print what was found.

    Returns:
        The exit status, as above.

    Raises:
        SystemExit: The command line cannot be read, or asks for help.
    """
    options = _parser().parse_args(arguments)
    run = partial(_run, options.article, repair=options.repair, grace=options.grace)
    return failures.told("reconcile", run)


def _run(article: str | None, *, repair: bool, grace: timedelta) -> int:
    looked_at = drifted = 0
    for slug in reconcile.every_slug() if article is None else [article]:
        drift = reconcile.reconcile(slug, repair=repair, grace=grace)
        looked_at += 1
        if drift.causes:
            drifted += 1
            _print(f"{slug}: expected {_said(drift.expected)}; stored {_said(drift.stored)}")
            _print(f"    {'; '.join(drift.causes)}{_outcome(slug, grace) if repair else ''}")
        elif article is not None and not _exists(article):
            msg = "there is no such article"
            raise MisusedError(msg)
    if repair:
        reconcile.release_settled()
    left = [row for row in quarantine.list_all() if article in {None, row["slug"]}]
    for row in left:
        _print(
            f"quarantined: {row['slug'] or 'unknown article'}, record {row['sk']},"
            f" {row['quarantined_at']}, {row['reason']}"
        )
    _print(f"articles: {looked_at}, drifted: {drifted}, quarantined: {len(left)}")
    return DRIFTED if drifted or left else RIGHT


def _outcome(slug: str, grace: timedelta) -> str:
    still = reconcile.reconcile(slug, repair=False, grace=grace).causes
    return f"; not repaired: {'; '.join(still)}" if still else "; repaired"


def _exists(slug: str) -> bool:
    try:
        return articles.find(slug) is not None
    except MalformedItemError:
        return True


def _said(tally: Tally) -> str:
    return f"count {tally.count}, total {tally.total}, stars {'/'.join(map(str, tally.stars))}"


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.reconcile",
        description="Compare tallies with the reviews; exit 1 where they differ.",
    )
    parser.add_argument("--article", metavar="SLUG", help="this article alone")
    parser.add_argument("--repair", action="store_true", help="put right what differs")
    parser.add_argument(
        "--grace",
        metavar="SECONDS",
        type=_seconds,
        default=timedelta(0),
        help="leave writes younger than this to the stream (0 unless told)",
    )
    return parser


def _seconds(text: str) -> timedelta:
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - 30 years
        msg = "SECONDS must be a whole number from 0"
        raise argparse.ArgumentTypeError(msg)
    return timedelta(seconds=int(text))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

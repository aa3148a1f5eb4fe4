"""
The editors' desk in a terminal: `python -m tools.desk [--url URL] COMMAND`.

    queue [--status --article --reason --stars]
                                   what waits for a decision, and why; or spam, rejected, reported
    history SLUG or REVIEW         what was decided about an article, or about one review
    counts SLUG                    by stars what was received, published, held, removed, withdrawn
    publish, reject, spam REVIEW…  decide; a review is SLUG/ID, as the queue shows it
    reply REVIEW MESSAGE           answer in public
    freeze SLUG [--after-days N]   take no more reviews, at once or in N days
    unfreeze SLUG                  take reviews again
    blocks                         what is blocked
    block KIND VALUE [--hold]      block a word, a domain, a network or a reader
    unblock ID                     take an entry off
    export [--output FILE]         give all that is held of an address, as JSON
    erase                          erase it, for good

The last two read the address from standard input. Everything goes through the API, with the key
in EDITOR_KEY.

    0  done
    1  something was refused; the line says what, the rest is done
    2  the command line is wrong
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final
from urllib.parse import quote, urlencode

from rich.table import Table

from tools import calling, desk_readers, showing
from tools.calling import Caller, RefusedError, UnreachableError, one_line
from tools.showing import DONE, REFUSED

MOST_DECISIONS: Final = 25
_DECISIONS: Final = ("publish", "reject", "spam")
_NOTHING: Final = {
    "pending": "Nothing waits.",
    "spam": "Nothing is taken for spam.",
    "rejected": "Nothing is rejected.",
    "reported": "Nothing is reported.",
}
"""What an empty queue says, by the status of its reviews."""
_SHOWN: Final = 200
"""Characters of a message."""


def main(arguments: Sequence[str]) -> int:
    """
    Do what the command line says.

    Returns:
        The exit status, as above.

    Raises:
        SystemExit: The command line cannot be read, or asks for help.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    caller = Caller(given.url, calling.editor_key(parser, given))
    work: Callable[[Caller, argparse.Namespace], int] = given.work
    try:
        return work(caller, given)
    except RefusedError as error:
        sys.stderr.write(f"{given.command}: {one_line(str(error))}\n")
    except UnreachableError as error:
        sys.stderr.write(f"{error}\n")
    return REFUSED


def queue(caller: Caller, given: argparse.Namespace) -> int:
    """Show what editors look through, oldest first."""
    table = showing.table("review", "stars", "name", "message", "why", "submitted")
    chosen = {"status": given.status, "article": given.article, "reason": given.reason}
    chosen["stars"] = given.stars
    named = {name: value for name, value in chosen.items() if value is not None}
    path = f"/editor/reviews?{urlencode(named)}&limit=100"
    rows = (list(_seen(one)) for one in _every(caller, path))
    return _listed(table, rows, given.most, _NOTHING[given.status])


def history(caller: Caller, given: argparse.Namespace) -> int:
    """Show what was decided, newest first."""
    table = showing.table("at", "by", "decision", "review", "from", "to", "note")
    slug, _, review_id = given.of.partition("/")
    below = f"/reviews/{quote(review_id, safe='')}" if review_id else ""
    path = f"/editor/articles/{quote(slug, safe='')}{below}/decisions?limit=100"
    rows = (list(_decided(one)) for one in _every(caller, path))
    return _listed(table, rows, given.most, "Nothing was decided.")


def freeze(caller: Caller, given: argparse.Namespace) -> int:
    """Let an article take no more reviews, from some time on."""
    path = f"/editor/articles/{quote(given.slug, safe='')}/freeze"
    frozen = caller.ask("PUT", path, {"after_days": given.after_days})
    return showing.say(f"frozen  {given.slug}  from {frozen['reviews_frozen_at']} on")


def unfreeze(caller: Caller, given: argparse.Namespace) -> int:
    """Let an article take reviews again."""
    caller.ask("DELETE", f"/editor/articles/{quote(given.slug, safe='')}/freeze")
    return showing.say(f"open  {given.slug}")


def decide(caller: Caller, given: argparse.Namespace) -> int:
    """Decide on reviews, each with a line of its own."""
    status = DONE
    for start in range(0, len(given.review), MOST_DECISIONS):
        part = given.review[start : start + MOST_DECISIONS]
        decisions = [
            {"slug": slug, "id": review_id, "decision": given.command, "note": given.note}
            for slug, review_id in part
        ]
        decided = caller.ask("POST", "/editor/reviews/decisions", {"decisions": decisions})
        for one in decided["results"]:
            showing.say(f"{one['result']:<16}  {one['slug']}/{one['id']}")
            status = status or (REFUSED if one["result"] == "review_not_found" else DONE)
    return status


def reply(caller: Caller, given: argparse.Namespace) -> int:
    """Answer a review in public."""
    ((slug, review_id),) = given.review
    path = f"/editor/articles/{quote(slug, safe='')}/reviews/{quote(review_id, safe='')}/reply"
    caller.ask("PUT", path, {"message": given.message})
    return showing.say(f"replied  {slug}/{review_id}")


def counts(caller: Caller, given: argparse.Namespace) -> int:
    """Show by stars what became of all that was sent in about an article, as anybody may see it."""
    known = caller.ask("GET", f"/articles/{quote(given.slug, safe='')}/moderation")
    names = ("received", "published", "held", "removed", "withdrawn")
    table = showing.table("stars", *names)
    for row in (*known["by_stars"], known | {"stars": "all"}):
        showing.add(table, *(str(row[name]) for name in ("stars", *names)))
    return showing.show(table, "")


def blocks(caller: Caller, given: argparse.Namespace) -> int:
    """Show the block list."""
    del given
    blocked = caller.ask("GET", "/editor/blocks")
    table = showing.table("id", "kind", "value", "becomes", "by", "since", "note")
    for one in blocked["items"]:
        value = one["value"] or "(kept as a hash)"
        named = (one["effect"], one["blocked_by"], one["blocked_at"], one["note"])
        showing.add(table, one["id"], one["kind"], value, *named)
    return showing.show(table, "Nothing is blocked.")


def block(caller: Caller, given: argparse.Namespace) -> int:
    """Put an entry on the block list."""
    entry = {
        "kind": given.kind,
        "value": given.value,
        "effect": "hold" if given.hold else "spam",
        "note": given.note,
    }
    return showing.say(f"blocked  {caller.ask('POST', '/editor/blocks', entry)['id']}")


def unblock(caller: Caller, given: argparse.Namespace) -> int:
    """Take an entry off the block list."""
    caller.ask("DELETE", f"/editor/blocks/{quote(given.id, safe='')}")
    return showing.say(f"unblocked  {given.id}")


def _every(caller: Caller, path: str) -> Iterator[dict[str, Any]]:
    """Give the items of a list, page by page."""
    cursor: str | None = ""
    while cursor is not None:
        page = caller.ask("GET", path + cursor)
        yield from page["items"]
        following = page["next_cursor"]
        cursor = None if following is None else f"&cursor={quote(following, safe='')}"


def _listed(table: Table, rows: Iterator[list[str]], most: int, otherwise: str) -> int:
    for row in islice(rows, most):
        showing.add(table, *row)
    return showing.show(table, otherwise)


def _decided(one: dict[str, Any]) -> Iterator[str]:
    before = one["before"]
    yield one["at"]
    yield one["by"]
    yield one["action"]
    yield one["review_id"] or ""
    yield _state(before) if before else "nothing"
    yield _state(one["after"])
    yield one["note"]


def _state(one: dict[str, Any]) -> str:
    stars = [f"{one['rating']}★"] if one["rating"] else []
    frozen = [f"frozen from {one['frozen_at']}"] if one["frozen_at"] else []
    return ", ".join([one["status"], *stars, *frozen])


def _seen(one: dict[str, Any]) -> Iterator[str]:
    now = one["current"]
    beside = f" — now: {_stars(now)} {_cut(now['message'])}" if now else ""
    proposed = [f"a change of {one['proposed_for']}"] if one["proposed_for"] else []
    reports = [f"{reason} × {number}" for reason, number in one["reports"].items()]
    yield f"{one['slug']}/{one['id']}"
    yield _stars(one)
    yield one["name"]
    yield f"{_cut(one['message'])}{beside}"
    yield ", ".join([*one["reasons"], *reports, *proposed])
    yield one["submitted_at"]


def _cut(message: str) -> str:
    shown = message if len(message) <= _SHOWN else f"{message[:_SHOWN]} …"
    return shown.replace("\n", " ")


def _stars(one: dict[str, Any]) -> str:
    return "★" * int(one["rating"])


def _review(text: str) -> tuple[str, str]:
    slug, separator, review_id = text.partition("/")
    if not slug or not separator or not review_id:
        msg = f"name a review as SLUG/ID, not {one_line(text)!r}"
        raise argparse.ArgumentTypeError(msg)
    return slug, review_id


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.desk", description="The editors' desk.")
    calling.add_arguments(parser)
    verbs = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")

    verb = verbs.add_parser("queue", help="show what waits")
    verb.add_argument("--status", choices=_NOTHING, default="pending", help="(%(default)s)")
    verb.add_argument("--article", metavar="SLUG", help="of one article")
    verb.add_argument("--reason", help="that it is held, taken for spam or was reported for")
    verb.add_argument("--stars", type=int, choices=range(1, 6), help="of one rating")
    verb.add_argument("--most", type=int, default=100, help="how many (%(default)s)")
    verb.set_defaults(work=queue)

    verb = verbs.add_parser("history", help="show what was decided, newest first")
    verb.add_argument("of", metavar="SLUG[/ID]", help="an article, or one of its reviews")
    verb.add_argument("--most", type=int, default=100, help="how many (%(default)s)")
    verb.set_defaults(work=history)

    verb = verbs.add_parser("counts", help="show what was received, published, held, removed")
    verb.add_argument("slug")
    verb.set_defaults(work=counts)

    for name in _DECISIONS:
        verb = verbs.add_parser(name, help=f"decide: {name}")
        verb.add_argument("review", nargs="+", type=_review, metavar="SLUG/ID")
        verb.add_argument("--note", default="", help="stored with the review, shown to nobody")
        verb.set_defaults(work=decide)

    verb = verbs.add_parser("reply", help="answer in public")
    verb.add_argument("review", nargs=1, type=_review, metavar="SLUG/ID")
    verb.add_argument("message")
    verb.set_defaults(work=reply)

    verb = verbs.add_parser("freeze", help="take no more reviews")
    verb.add_argument("slug")
    verb.add_argument("--after-days", type=int, default=0, help="in so many days (at once)")
    verb.set_defaults(work=freeze)

    verb = verbs.add_parser("unfreeze", help="take reviews again")
    verb.add_argument("slug")
    verb.set_defaults(work=unfreeze)

    verbs.add_parser("blocks", help="show what is blocked").set_defaults(work=blocks)

    verb = verbs.add_parser("block", help="block a word, a domain, a network or a reader")
    verb.add_argument("kind", choices=["word", "domain", "network", "reader"])
    verb.add_argument("value", help="of a reader: the address, or the id of a review")
    verb.add_argument("--hold", action="store_true", help="hold for an editor instead of spam")
    verb.add_argument("--note", default="", help="for other editors")
    verb.set_defaults(work=block)

    verb = verbs.add_parser("unblock", help="take an entry off the list")
    verb.add_argument("id")
    verb.set_defaults(work=unblock)

    desk_readers.add_commands(verbs)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

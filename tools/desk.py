"""
The editors' desk in a terminal: `python -m tools.desk COMMAND [--url URL]`.

    queue [--spam | --rejected]    what waits for a decision, is taken for spam or was rejected
    publish, reject, spam REVIEW…  decide; a review is SLUG/ID, as the queue shows it
    reply REVIEW MESSAGE           answer in public
    blocks                         what is blocked
    block KIND VALUE [--hold]      block a word, a domain, a network or a reader
    unblock ID                     take an entry off

Everything goes through the API, with the key in EDITOR_KEY.

    0  done
    1  something was refused; the line says what, the rest is done
    2  the command line is wrong
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tools import calling
from tools.calling import Answer, Caller, UnreachableError, one_line

DONE: Final = 0
REFUSED: Final = 1
MOST_DECISIONS: Final = 25
_DECISIONS: Final = ("publish", "reject", "spam")
_NOTHING: Final = {
    "pending": "Nothing waits.",
    "spam": "Nothing is taken for spam.",
    "rejected": "Nothing is rejected.",
}
_SHOWN: Final = 200
"""Characters of a message."""
_WIDTH: Final = 140
"""Columns, where there is no terminal."""


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
    except UnreachableError as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED


def queue(caller: Caller, given: argparse.Namespace) -> int:
    """Show what editors look through, oldest first."""
    table = _table("review", "stars", "name", "message", "why", "submitted")
    path, cursor = f"/editor/reviews?status={given.status}&limit=100", ""
    while len(table.rows) < given.most:
        answer = caller.send("GET", path + cursor)
        if answer.problem:
            return _refused("queue", answer)
        for one in answer.body["items"][: given.most - len(table.rows)]:
            _add(table, *_seen(one))
        if answer.body["next_cursor"] is None:
            break
        cursor = f"&cursor={quote(answer.body['next_cursor'], safe='')}"
    return _show(table, _NOTHING[given.status])


def decide(caller: Caller, given: argparse.Namespace) -> int:
    """Decide on reviews, each with a line of its own."""
    status = DONE
    for start in range(0, len(given.review), MOST_DECISIONS):
        part = given.review[start : start + MOST_DECISIONS]
        decisions = [
            {"slug": slug, "id": review_id, "decision": given.command, "note": given.note}
            for slug, review_id in part
        ]
        answer = caller.send("POST", "/editor/reviews/decisions", {"decisions": decisions})
        if answer.problem:
            return _refused(given.command, answer)
        for one in answer.body["results"]:
            _say(f"{one['result']:<16}  {one['slug']}/{one['id']}")
            status = status or (REFUSED if one["result"] == "review_not_found" else DONE)
    return status


def reply(caller: Caller, given: argparse.Namespace) -> int:
    """Answer a review in public."""
    ((slug, review_id),) = given.review
    path = f"/editor/articles/{quote(slug, safe='')}/reviews/{quote(review_id, safe='')}/reply"
    answer = caller.send("PUT", path, {"message": given.message})
    return _refused("reply", answer) if answer.problem else _say(f"replied  {slug}/{review_id}")


def blocks(caller: Caller, given: argparse.Namespace) -> int:
    """Show the block list."""
    del given
    answer = caller.send("GET", "/editor/blocks")
    if answer.problem:
        return _refused("blocks", answer)
    table = _table("id", "kind", "value", "becomes", "by", "since", "note")
    for one in answer.body["items"]:
        value = one["value"] or "(kept as a hash)"
        named = (one["effect"], one["blocked_by"], one["blocked_at"], one["note"])
        _add(table, one["id"], one["kind"], value, *named)
    return _show(table, "Nothing is blocked.")


def block(caller: Caller, given: argparse.Namespace) -> int:
    """Put an entry on the block list."""
    entry = {
        "kind": given.kind,
        "value": given.value,
        "effect": "hold" if given.hold else "spam",
        "note": given.note,
    }
    answer = caller.send("POST", "/editor/blocks", entry)
    return _refused("block", answer) if answer.problem else _say(f"blocked  {answer.body['id']}")


def unblock(caller: Caller, given: argparse.Namespace) -> int:
    """Take an entry off the block list."""
    answer = caller.send("DELETE", f"/editor/blocks/{quote(given.id, safe='')}")
    return _refused("unblock", answer) if answer.problem else _say(f"unblocked  {given.id}")


def _seen(one: dict[str, Any]) -> Iterator[str]:
    message = one["message"]
    shown = message if len(message) <= _SHOWN else f"{message[:_SHOWN]} …"
    proposed = [f"a change of {one['proposed_for']}"] if one["proposed_for"] else []
    yield f"{one['slug']}/{one['id']}"
    yield "★" * one["rating"]
    yield one["name"]
    yield shown.replace("\n", " ")
    yield ", ".join([*one["reasons"], *proposed])
    yield one["submitted_at"]


def _table(*columns: str) -> Table:
    table = Table(*columns)
    table.columns[0].no_wrap = True
    return table


def _add(table: Table, *cells: str) -> None:
    # What a reader wrote is no markup.
    table.add_row(*(Text(one_line(cell)) for cell in cells))


def _show(table: Table, otherwise: str) -> int:
    if not table.rows:
        return _say(otherwise)
    Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False).print(table)
    return DONE


def _say(line: str) -> int:
    sys.stdout.write(f"{one_line(line)}\n")
    return DONE


def _refused(what: str, answer: Answer) -> int:
    sys.stderr.write(f"{what}: {one_line(answer.problem)}\n")
    return REFUSED


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
    status = verb.add_mutually_exclusive_group()
    for name, shown in (("spam", "what is taken for spam"), ("rejected", "what was rejected")):
        status.add_argument(
            f"--{name}", dest="status", action="store_const", const=name, help=f"show {shown}"
        )
    verb.set_defaults(status="pending")
    verb.add_argument("--most", type=int, default=100, help="how many (%(default)s)")
    verb.set_defaults(work=queue)

    for name in _DECISIONS:
        verb = verbs.add_parser(name, help=f"decide: {name}")
        verb.add_argument("review", nargs="+", type=_review, metavar="SLUG/ID")
        verb.add_argument("--note", default="", help="stored with the review, shown to nobody")
        verb.set_defaults(work=decide)

    verb = verbs.add_parser("reply", help="answer in public")
    verb.add_argument("review", nargs=1, type=_review, metavar="SLUG/ID")
    verb.add_argument("message")
    verb.set_defaults(work=reply)

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
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

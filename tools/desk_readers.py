"""
What the desk does for a reader who asks: give out all that is held of them, or end it.

The address is read from standard input, so that it stands in no list of processes and in no
history of a shell.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from tools import showing
from tools.calling import Caller

_NOT_TOLD: Final = 2


def export(caller: Caller, given: argparse.Namespace) -> int:
    """Give all that is held of an address, as JSON: printed, or in a new file of the operator's."""
    if (email := _address()) is None:
        return _NOT_TOLD
    held: dict[str, Any] = {}
    query = "?limit=20"
    while query:
        page = caller.ask("POST", f"/editor/readers/export{query}", {"email": email})
        held.setdefault("contact", page["contact"])
        held.setdefault("items", []).extend(page["items"])
        following = page["next_cursor"]
        query = f"?limit=20&cursor={following}" if following else ""
    text = json.dumps(held, ensure_ascii=False, indent=2) + "\n"
    if given.output is None:
        sys.stdout.write(text)
        return showing.DONE
    return _written(given.output, text, len(held["items"]))


def erase(caller: Caller, given: argparse.Namespace) -> int:
    """Erase all that is held of an address, and show the receipt of each request that it took."""
    del given
    if (email := _address(twice=True)) is None:
        return _NOT_TOLD
    receipts = showing.table("receipt", "erased at", "reviews", "changes", "address", "complete")
    is_complete = False
    try:
        while not is_complete:
            receipt = caller.ask("POST", "/editor/readers/erase", {"email": email})
            showing.add(receipts, *_receipt(receipt))
            is_complete = receipt["is_complete"]
    finally:
        # Also of what was erased before it was refused, or nobody answered any more.
        showing.show(receipts, "There is no receipt.")
    return showing.DONE


def add_commands(verbs: Any) -> None:
    """
    Let a command line name them.

    Args:
        verbs: What `ArgumentParser.add_subparsers` gives.
    """
    verb = verbs.add_parser("export", help="give all that is held of an address, from stdin")
    verb.add_argument("--output", type=Path, metavar="FILE", help="a new file (printed)")
    verb.set_defaults(work=export)

    verb = verbs.add_parser("erase", help="erase all that is held of an address, from stdin")
    verb.set_defaults(work=erase)


def _address(*, twice: bool = False) -> str | None:
    """Read an address; from a person one that is to be erased is asked for a second time."""
    is_person = sys.stdin.isatty()
    email = _asked("Address: " if is_person else "")
    if twice and is_person and email and _asked("Once more, to erase it for good: ") != email:
        sys.stderr.write("These are two addresses.\n")
        return None
    if not email:
        sys.stderr.write("Give the address on standard input, in one line.\n")
        return None
    return email


def _asked(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _receipt(one: dict[str, Any]) -> list[str]:
    counts = (str(one["reviews"]), str(one["proposals"]))
    flags = ("yes" if one[name] else "no" for name in ("contact", "is_complete"))
    return [one["id"], one["erased_at"], *counts, *flags]


def _written(path: Path, text: str, number: int) -> int:
    try:
        # Nobody else's to read, and nothing that is there is lost.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        sys.stderr.write(f"export: {path}: {error.strerror}\n")
        return showing.REFUSED
    return showing.say(f"written  {path}  {number} reviews and changes")

"""
Editors' keys of a stage: `python -m tools.keys COMMAND STAGE`.

    create STAGE NAME [--scopes SCOPE…]   make a key, good for everything unless scopes are given
      --subject SUBJECT                   let somebody in who signs in with the stage's provider
    list STAGE                            whose keys there are, what for, since when, until when
    revoke STAGE NAME                     shut a key or somebody out, from the next request on

A key is shown once and stored nowhere: the content table has its SHA-256, and so of a subject. No
two keys have one name, not even after one was revoked, because the ledgers of what editors did have
nothing else.
"""

import argparse
import re
import secrets
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from rich.console import Console
from rich.table import Table

from chalicelib.model import SCOPES, now, rfc3339
from chalicelib.rules import publishing
from chalicelib.settings import Settings
from chalicelib.store import editor_keys
from chalicelib.store.editor_keys import EditorKey
from tools import failures
from tools.deployment import staging
from tools.failures import MisusedError

DONE: Final = 0
_NAME: Final = re.compile(r"[a-z0-9-]{1,40}")
_RESERVED: Final = ("mail", "reader", "retention", publishing.SCHEDULE)
_LONGEST_SUBJECT: Final = 255
_WIDTH: Final = 120
"""Columns, where there is no terminal."""


def new_key() -> str:
    """Make a key: 32 random bytes, base64url."""
    return secrets.token_urlsafe(32)


def described(name: str, key: str, at: datetime, scopes: Sequence[str] = SCOPES) -> EditorKey:
    """Give what the table is to hold of a key."""
    return EditorKey(editor_keys.digest_of(key), name, frozenset(scopes), at)


def main(arguments: Sequence[str]) -> int:
    """
    Do what the command line says.

    Returns:
        The exit status, as `tools.failures` has it.

    Raises:
        SystemExit: The command line cannot be read, or asks for help.
    """
    given = _parser().parse_args(arguments)
    work: Callable[[str, argparse.Namespace], None] = given.work

    def done() -> int:
        work(_settings_of(given.stage).content_table, given)
        return DONE

    return failures.told("keys", done)


def _create(table: str, given: argparse.Namespace) -> None:
    if given.name in _RESERVED:
        msg = f"the ledgers call {given.name} what no editor does; choose another name"
        raise MisusedError(msg)
    known = editor_keys.every(table)
    if given.subject is not None:
        _admit(table, given, known)
        return
    _see_that_it_is_new(given.name, known)
    key = new_key()
    made = described(given.name, key, now(), given.scopes)
    editor_keys.create(table, made)
    sys.stdout.write(f"Key for {made.name} ({_scopes(made)}), shown this once:  {key}\n")


def _admit(table: str, given: argparse.Namespace, known: Sequence[EditorKey]) -> None:
    provider = _settings_of(given.stage).sign_in
    if provider is None:
        msg = f"the stage {given.stage} has no OIDC_ISSUER in .chalice/config.json"
        raise MisusedError(msg)
    digest = editor_keys.person(provider.issuer, given.subject)
    before = next((one for one in known if one.digest == digest), None)
    if before is None:
        _see_that_it_is_new(given.name, known)
    elif before.name != given.name or before.revoked_at is None:
        state = "may sign in" if before.revoked_at is None else "was shut out"
        msg = f"this subject {state} as {before.name}: revoke it first, and let it in by that name"
        raise MisusedError(msg)
    made = EditorKey(digest, given.name, frozenset(given.scopes), now())
    editor_keys.admit(table, made)
    sys.stdout.write(f"{made.name} ({_scopes(made)}) may sign in with {provider.issuer}\n")


def _see_that_it_is_new(name: str, known: Sequence[EditorKey]) -> None:
    if any(one.name == name for one in known):
        msg = f"there is or was a key of the name {name}; names are not used again"
        raise MisusedError(msg)


def _list(table: str, _: argparse.Namespace) -> None:
    shown = Table(
        "name", "scopes", "created", "revoked", "by", "SHA-256", box=None, padding=(0, 2, 0, 0)
    )
    for one in editor_keys.every(table):
        revoked = "" if one.revoked_at is None else rfc3339(one.revoked_at)
        way = "sign-in" if one.is_person else "key"
        digest = one.digest.rpartition("#")[2][:8]
        shown.add_row(one.name, _scopes(one), rfc3339(one.created_at), revoked, way, digest)
    Console(width=None if sys.stdout.isatty() else _WIDTH).print(shown)


def _revoke(table: str, given: argparse.Namespace) -> None:
    found = [one for one in editor_keys.every(table) if one.name == given.name]
    if not found:
        msg = f"there is no key of the name {given.name}"
        raise MisusedError(msg)
    editor_keys.revoke(table, found, now())
    sys.stdout.write(f"The key of {given.name} opens nothing from now on.\n")


def _scopes(key: EditorKey) -> str:
    return " ".join(scope for scope in SCOPES if scope in key.scopes)


def _settings_of(stage: str) -> Settings:
    try:
        return Settings(staging.settings(stage)["stages"][stage]["environment_variables"])
    except staging.StageError as error:
        raise MisusedError(str(error)) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.keys", description="Make, list and revoke the keys of editors."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    create = _command(commands, "create", "make a key; it is shown this once", _create)
    _command(commands, "list", "show whose keys there are", _list)
    revoke = _command(commands, "revoke", "shut a key at once", _revoke)
    for one in (create, revoke):
        one.add_argument("name", type=_name, help="1 to 40 of a-z, 0-9 and hyphen")
    create.add_argument("--scopes", nargs="+", choices=SCOPES, default=SCOPES)
    create.add_argument(
        "--subject", type=_subject, help="claim sub of who signs in; there is no key then"
    )
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    purpose: str,
    work: Callable[[str, argparse.Namespace], None],
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=purpose, description=purpose)
    made.add_argument("stage", metavar="STAGE")
    made.set_defaults(work=work)
    return made


def _name(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        msg = "use 1 to 40 of a-z, 0-9 and hyphen"
        raise argparse.ArgumentTypeError(msg)
    return text


def _subject(text: str) -> str:
    # What the provider may say: openid.net/specs/openid-connect-core-1_0.html#IDToken
    if not (text.isascii() and text.isprintable() and 1 <= len(text) <= _LONGEST_SUBJECT):
        msg = f"use 1 to {_LONGEST_SUBJECT} characters of ASCII, as the provider says it"
        raise argparse.ArgumentTypeError(msg)
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

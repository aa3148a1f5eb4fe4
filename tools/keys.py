"""
Editors' keys: `python -m tools.keys NAME`.

The key is shown once and stored nowhere; a deployment knows its SHA-256 from
the setting EDITOR_KEYS. To revoke a key is to take its entry out.
"""

import argparse
import hashlib
import re
import secrets
import sys
from typing import Final

_NAME: Final = re.compile(r"[a-z0-9-]{1,40}")


def new_key() -> str:
    """Make a key: 32 random bytes, base64url."""
    return secrets.token_urlsafe(32)


def entry(name: str, key: str) -> str:
    """Give what EDITOR_KEYS holds of a key: `<name>:<SHA-256, hex>`."""
    return f"{name}:{hashlib.sha256(key.encode()).hexdigest()}"


def main(arguments: list[str]) -> int:
    """Print a new key and its entry."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.keys",
        description="Make an editor's key. It is shown this once.",
    )
    parser.add_argument("name", type=_name, help="whose key it is: 1 to 40 of a-z, 0-9 and hyphen")
    name = parser.parse_args(arguments).name
    key = new_key()
    sys.stdout.write(f"Key, for {name} alone:  {key}\nEntry for EDITOR_KEYS:  {entry(name, key)}\n")
    return 0


def _name(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        msg = "use 1 to 40 of a-z, 0-9 and hyphen"
        raise argparse.ArgumentTypeError(msg)
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

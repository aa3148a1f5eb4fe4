"""Addresses of APIs, as operators type them."""

import argparse
import re
from urllib.parse import urlsplit


def web_address(text: str) -> str:
    """
    Read the address of an API from a command line.

    Raises:
        argparse.ArgumentTypeError: It is none, or holds a query or a name to log in with.
    """
    msg = "use an address like https://api.example.com/v1"
    try:
        parts = urlsplit(text)
        where = (parts.scheme in {"http", "https"}) and parts.hostname and parts.port != 0
    except ValueError:
        raise argparse.ArgumentTypeError(msg) from None
    is_plain = text.isascii() and text.isprintable() and not re.search(r"[\s?#@]", text)
    if not where or not is_plain:
        raise argparse.ArgumentTypeError(msg)
    return text

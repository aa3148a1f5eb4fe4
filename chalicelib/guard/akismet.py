"""STUB until branch spam is merged; never committed."""

from chalicelib.model import Finding
from chalicelib.rules.spam import Words


def find(words: Words, email: str, address: str, user_agent: str) -> Finding | None:
    return None

"""STUB until branch spam is merged; never committed."""

from dataclasses import dataclass
from typing import NamedTuple
from chalicelib.model import Block, Finding, Tally, Effect


class Words(NamedTuple):
    name: str
    message: str
    rating: int


@dataclass(frozen=True, slots=True)
class Evidence:
    address: str
    reader: str
    blocks: tuple[Block, ...] = ()
    repeats: int = 0
    recent: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    tally: Tally = Tally()


def findings(words: Words, evidence: Evidence) -> tuple[Finding, ...]:
    return tuple(
        Finding("blocked_reader", Effect.SPAM)
        for b in evidence.blocks
        if b.kind == "reader" and b.value == evidence.reader
    )


def repeat_key(message: str) -> str | None:
    return message if len(message) > 60 else None


def normalise_block(kind: str, value: str) -> str:
    return value

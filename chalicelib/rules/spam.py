"""
What speaks against a text: each check is a function that gives findings, and `CHECKS` lists them.

Nothing is refused here. What is found decides whether a review is published, held for an
editor or taken for spam, and every reason is shown to whoever decides.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import unquote

from chalicelib.model import BLOCKED, Block, Effect, Finding, Tally
from chalicelib.rules import bursts, networks, scripts, text

REASONS: Final = {
    "honeypot": "The field that people do not see was filled.",
    "form_too_fast": "It came back faster than a person can read the form.",
    "form_invalid": "Its form token was not made here for this article.",
    "captcha_unavailable": "The captcha's provider could not be asked.",
    "links": "Its message has more than two links.",
    "many_links": "Its message has more than ten links.",
    "link_in_name": "Its name is a link.",
    "mixed_script_name": "A word of its name mixes scripts, as look-alikes do.",
    "reserved_name": "Its name looks like an office of this site.",
    "repeated_text": "The same message was sent to other articles.",
    "blocked_word": "It has a word of the block list.",
    "blocked_domain": "It links to a domain of the block list.",
    "blocked_network": "It came from a network of the block list.",
    "blocked_reader": "Its reader is on the block list.",
    "burst_low": "Far more low stars come in than the article is used to.",
    "burst_high": "Far more high stars come in than the article is used to.",
    "akismet": "Akismet takes it for spam.",
    "akismet_unavailable": "Akismet could not be asked.",
}
"""Every reason that there is, and what it says."""

MOST_LINKS: Final = 2
SPAM_LINKS: Final = 10
MOST_REPEATS: Final = 1
"""Somebody may praise both parts of a series in the same words."""
SPAM_REPEATS: Final = 4
SHORTEST_REPEAT: Final = 60
"""Code points; many people say that an article is great, in the same words."""
_WORD_LENGTHS: Final = range(2, 81)

# Scripts that write no spaces between words.
# www.unicode.org/reports/tr29 (word boundaries need a dictionary)
_UNSPACED: Final = (
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0003ffff]"
)
_UNSPACED_RUN: Final = re.compile(f"{_UNSPACED}+")
_LABEL: Final = rf"(?:(?:(?!{_UNSPACED})[\w-]){{1,63}}|{_UNSPACED}{{1,63}})"
# The beginning of a link ends the one before it. What stands bare is a link only if its
# ending is no word of a language (`bien.de`, `great.top`), or if a path follows; ASP.NET and
# its like are none. Labels have their greatest length, or a long text would be tried from
# everywhere to its end.
_LINK: Final = re.compile(
    rf"(?:https?://|(?:(?<![\w.-])|(?<={_UNSPACED}))www\.)"
    r"(?:(?!https?://)[^\s<>\"'()\[\]{},;|])+"
    rf"|(?:(?<![\w@.-])|(?<={_UNSPACED})(?!{_UNSPACED}))(?!(?:ado|asp|ml|paint|vb)\.net\b)"
    rf"{_LABEL}(?:\.{_LABEL}){{0,9}}\."
    rf"(?:(?:com|net|org|biz|xyz|ru|cn)(?:(?={_UNSPACED})|(?![\w@-]|\.\w))"
    r"|(?:app|click|club|co|gl|info|io|link|ly|me|online|shop|site|store|top|vip)/\w)"
)
_MAY_LINK: Final = re.compile(r"://|[^\s.]\.[^\s.]")
_DOMAIN: Final = re.compile(
    r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]"
)
_NO_HOST: Final = (re.compile(r"[^a-z0-9.-]+"), re.compile(r"[^\w.-]+"))
"""What ends a host that is ASCII, and one that need not be."""
_LONGEST_DOMAIN: Final = 253
_UNSEEN: Final = re.compile(f"[{text.IGNORABLE}]+")


class Words(NamedTuple):
    """What a reader wrote. An edit leaves what it does not change empty, and the rating 0."""

    name: str
    message: str
    rating: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """
    What is known besides the words.

    Attributes:
        address: Where the request came from; empty if nobody knows.
        reader: The reader's hash.
        blocks: The editors' list.
        repeats: How many other articles got the same message.
        recent: Submissions of the last hour to the article, by stars.
        tally: The article's.
    """

    address: str
    reader: str
    blocks: tuple[Block, ...] = ()
    repeats: int = 0
    recent: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    tally: Tally = field(default_factory=Tally)


Check: TypeAlias = Callable[[Words, Evidence], Iterator[Finding]]


def findings(words: Words, evidence: Evidence) -> tuple[Finding, ...]:
    """Run every check; gives what they found, in their order and each once."""
    found = (finding for check in CHECKS for finding in check(words, evidence))
    return tuple(dict.fromkeys(found))


def repeat_key(message: str) -> str | None:
    """
    Give what a message has in common with its copies: its letters and digits.

    Returns:
        None for a message so short that two people may write it.
    """
    letters = _spaced(message).replace(" ", "")
    return letters if len(letters) >= SHORTEST_REPEAT else None


def normalise_block(kind: str, value: str) -> str:
    """
    Give the form of a block list's value that is compared.

    Args:
        kind: `word`, `domain` or `network`.

    Raises:
        ValueError: The value is none of its kind, or would keep everybody out.
    """
    match kind:
        case "word":
            normal = _spaced(value)
            is_usable = len(normal) in _WORD_LENGTHS
        case "domain":
            normal = _ascii(_folded(value).strip().removeprefix("www.").rstrip("."))
            is_usable = _DOMAIN.fullmatch(normal) is not None
        case _:
            network = networks.network(value)
            normal, is_usable = str(network), not networks.is_too_wide(network)
    if not is_usable:
        msg = f"no {kind} that can be blocked"
        raise ValueError(msg)
    return normal


def _links(words: Words, _: Evidence) -> Iterator[Finding]:
    links = _count_links(words.message)
    if links > SPAM_LINKS:
        yield Finding("many_links", Effect.SPAM)
    elif links > MOST_LINKS:
        yield Finding("links", Effect.HOLD)
    if _count_links(words.name):
        yield Finding("link_in_name", Effect.HOLD)


def _names(words: Words, _: Evidence) -> Iterator[Finding]:
    if scripts.is_mixed_script(words.name):
        yield Finding("mixed_script_name", Effect.HOLD)
    if scripts.is_reserved_name(words.name):
        yield Finding("reserved_name", Effect.HOLD)


def _repeats(_: Words, evidence: Evidence) -> Iterator[Finding]:
    if evidence.repeats > MOST_REPEATS:
        is_spam = evidence.repeats >= SPAM_REPEATS
        yield Finding("repeated_text", Effect.SPAM if is_spam else Effect.HOLD)


def _blocks(words: Words, evidence: Evidence) -> Iterator[Finding]:
    kinds = {block.kind for block in evidence.blocks}
    # No phrase reaches from the name into the message.
    spaced = f" {_spaced(words.name)} \n {_spaced(words.message)} " if "word" in kinds else ""
    domains = _domains(f"{words.name}\n{words.message}") if "domain" in kinds else frozenset()
    address = networks.address(evidence.address)
    for block in evidence.blocks:
        match block.kind:
            case "word":
                is_hit = _has_word(spaced, block.value)
            case "domain":
                is_hit = block.value in domains
            case "network":
                is_hit = address is not None and address in networks.network(block.value)
            case _:
                is_hit = block.value == evidence.reader
        if is_hit:
            yield Finding(f"{BLOCKED}{block.kind}", block.effect)


def _bursts(words: Words, evidence: Evidence) -> Iterator[Finding]:
    side = bursts.find(words.rating, evidence.recent, evidence.tally)
    if side is not None:
        yield Finding(f"burst_{side}", Effect.HOLD)


CHECKS: Final[tuple[Check, ...]] = (_links, _names, _repeats, _blocks, _bursts)


def _count_links(written: str) -> int:
    folded = _folded(written)
    # Most people write none, and to look for one that may be takes ten times as long.
    return len(_LINK.findall(folded)) if _MAY_LINK.search(folded) else 0


def _has_word(spaced: str, word: str) -> bool:
    # Without a dictionary nobody knows where a word begins.
    return word in spaced if _UNSPACED_RUN.search(word) else f" {word} " in spaced


def _spaced(written: str) -> str:
    """
    Write a text as its words with single spaces between, as they are compared.

    Marks are of a word, or Hindi would lose its vowels. Where a script without spaces meets
    another, a word ends.
    """
    letters = (one if _is_of_word(one) else " " for one in _folded(written))
    return " ".join(_UNSPACED_RUN.sub(r" \g<0> ", "".join(letters)).split())


def _is_of_word(one: str) -> bool:
    return one.isalnum() or unicodedata.category(one).startswith("M")


def _folded(written: str) -> str:
    """Fold case and compatible forms, and drop what cannot be seen."""
    if written.isascii():
        return written.lower()
    seen = unicodedata.normalize("NFKC", _UNSEEN.sub("", written))
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", seen.casefold()))


def _domains(written: str) -> frozenset[str]:
    """
    Give every host that a text names, and the domains that those are in.

    A host may stand between letters of a script without spaces; browsers read an
    ideographic full stop as a dot, and `%61` as what it stands for.
    """
    folded = _folded(written)
    readings = {folded, folded.replace("\u3002", "."), unquote(folded).lower()}
    hosts = {host for one in readings for end in _NO_HOST for host in end.split(one)}
    return frozenset(domain for host in hosts for domain in _above(host.strip(".-_")))


def _above(host: str) -> Iterator[str]:
    """Give a host and the domains that it is in, the widest first."""
    domain = ""
    for label in reversed(host.split(".")):
        domain = f"{_ascii(label)}.{domain}".rstrip(".")
        if not label or len(domain) > _LONGEST_DOMAIN:
            return
        yield domain


def _ascii(host: str) -> str:
    """Write a host as the network knows it; what is no host stays what it is."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host

"""
What speaks against a text: each check is a function that gives findings, and `CHECKS` lists them.

Nothing is refused here. What is found decides whether a review is published, held for an
editor or taken for spam, and every reason is shown to whoever decides.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from chalicelib.model import Block, Effect, Finding, Tally
from chalicelib.rules import bursts, scripts

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
SPAM_REPEATS: Final = 3
SHORTEST_REPEAT: Final = 60
"""Code points; many people say that an article is great, in the same words."""
_WORD_LENGTHS: Final = range(2, 81)
_WIDEST: Final = {4: 8, 6: 16}
"""Shortest prefixes of a network: wider would keep out a continent."""

_LINK: Final = re.compile(
    r"(?:https?://|www\.)[^\s<>()\[\]\"]+"
    r"|(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:com|net|org|info|biz|shop|online|site|xyz|top|club|ru|cn)"
    r"(?![\w.-]*\w)",
    re.IGNORECASE,
)
_HOST: Final = re.compile(r"(?:[\w-]+\.)+[\w-]{2,}")
_DOMAIN: Final = re.compile(
    r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}"
)
# Scripts that write no spaces between words: a word is looked for anywhere.
# www.unicode.org/reports/tr29 (word boundaries need a dictionary)
_UNSPACED: Final = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


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
    """Run every check; gives what they found, in their order."""
    return tuple(finding for check in CHECKS for finding in check(words, evidence))


def repeat_key(message: str) -> str | None:
    """
    Give what a message has in common with its copies: its letters and digits.

    Returns:
        None for a message so short that two people may write it.
    """
    letters = "".join(_words(message))
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
            normal = " ".join(_words(value))
            is_usable = len(normal) in _WORD_LENGTHS
        case "domain":
            normal = _ascii(_folded(value).strip().removeprefix("www.").rstrip("."))
            is_usable = _DOMAIN.fullmatch(normal) is not None
        case _:
            network = ipaddress.ip_network(value.strip(), strict=False)
            normal, is_usable = str(network), network.prefixlen >= _WIDEST[network.version]
    if not is_usable:
        msg = f"no {kind} that can be blocked"
        raise ValueError(msg)
    return normal


def _links(words: Words, _: Evidence) -> Iterator[Finding]:
    links = len(_LINK.findall(words.message))
    if links > SPAM_LINKS:
        yield Finding("many_links", Effect.SPAM)
    elif links > MOST_LINKS:
        yield Finding("links", Effect.HOLD)
    if _LINK.search(words.name):
        yield Finding("link_in_name", Effect.HOLD)


def _names(words: Words, _: Evidence) -> Iterator[Finding]:
    if scripts.is_mixed_script(words.name):
        yield Finding("mixed_script_name", Effect.HOLD)
    if scripts.is_reserved_name(words.name):
        yield Finding("reserved_name", Effect.HOLD)


def _repeats(_: Words, evidence: Evidence) -> Iterator[Finding]:
    if evidence.repeats:
        is_spam = evidence.repeats >= SPAM_REPEATS
        yield Finding("repeated_text", Effect.SPAM if is_spam else Effect.HOLD)


def _blocks(words: Words, evidence: Evidence) -> Iterator[Finding]:
    if not evidence.blocks:
        return
    written = f"{words.name}\n{words.message}"
    spaced = f" {' '.join(_words(written))} "
    hosts = {_ascii(host) for host in _HOST.findall(_folded(written))}
    address = _address(evidence.address)
    for block in evidence.blocks:
        match block.kind:
            case "word":
                is_hit = _has_word(spaced, block.value)
            case "domain":
                is_hit = any(f".{host}".endswith(f".{block.value}") for host in hosts)
            case "network":
                is_hit = address is not None and address in ipaddress.ip_network(block.value)
            case _:
                is_hit = block.value == evidence.reader
        if is_hit:
            yield Finding(f"blocked_{block.kind}", block.effect)


def _bursts(words: Words, evidence: Evidence) -> Iterator[Finding]:
    side = bursts.find(words.rating, evidence.recent, evidence.tally)
    if side is not None:
        yield Finding(f"burst_{side}", Effect.HOLD)


CHECKS: Final[tuple[Check, ...]] = (_links, _names, _repeats, _blocks, _bursts)


def _has_word(spaced: str, word: str) -> bool:
    return word in spaced if _UNSPACED.search(word) else f" {word} " in spaced


def _words(written: str) -> list[str]:
    """Split a text into its words, as they are compared."""
    return re.findall(r"\w+", _folded(written))


def _folded(written: str) -> str:
    """Fold case and compatible forms, and drop what cannot be seen."""
    folded = unicodedata.normalize("NFKC", written).casefold()
    return "".join(one for one in folded if unicodedata.category(one) != "Cf")


def _ascii(host: str) -> str:
    """Write a host as the network knows it; what is no host stays what it is."""
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _address(text_of_it: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text_of_it)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address

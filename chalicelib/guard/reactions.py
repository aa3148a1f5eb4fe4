"""
Takes in what readers of a review make of it: each network once.

In this order: the review, 404, alike whether it is unknown, not public or ended; the
limit of the network, 429; a repetition, answered as the first time; the write. Every
request counts as an attempt of its network, as those of the intake do.
"""

from datetime import datetime
from typing import NamedTuple

from chalicelib.errors import ReviewNotFoundError
from chalicelib.guard import limits, secrets
from chalicelib.guard.limits import Quota
from chalicelib.model import Reaction, Report, now
from chalicelib.rules import networks
from chalicelib.store import keys, reactions
from chalicelib.store.keys import Key
from chalicelib.store.reactions import Known


class Receipt(NamedTuple):
    """
    What became of a vote.

    Attributes:
        helpful: How many networks found the review so.
        quota: What is left for this one, where it is limited.
    """

    helpful: int
    quota: Quota | None


def vote(reaction: Reaction) -> Receipt:
    """
    Count that a review was helpful, or find it counted.

    Raises:
        ReviewNotFoundError: Nobody may read such a review.
        TooManyRequestsError: The limit of the network is reached.
        UnavailableError: The vote may be counted; a repetition is harmless.
    """
    row = keys.vote(reaction.id, _network("vote", reaction))
    known, quota = _admitted(reaction, row, now())
    if known.has_reacted:
        return Receipt(known.review.helpful, quota)
    return Receipt(reactions.vote(known.review, row), quota)


def report(reaction: Reaction, reason: str, message: str) -> Quota | None:
    """
    Put a review before the editors, or find that its network did.

    Args:
        reason: One of `Reports`' fields.
        message: For the editors; may be empty.

    Returns:
        What is left for the network, where it is limited.

    Raises:
        ReviewNotFoundError: Nobody may read such a review.
        TooManyRequestsError: The limit of the network is reached.
        UnavailableError: The report may be stored; a repetition is harmless.
    """
    at = now()
    row = keys.report(reaction.id, _network("report", reaction))
    known, quota = _admitted(reaction, row, at)
    if not known.has_reacted:
        reactions.report(known.review, row, Report(reason, message, at))
    return quota


def _admitted(reaction: Reaction, row: Key, at: datetime) -> tuple[Known, Quota | None]:
    key = reactions.find_public(reaction.slug, reaction.id)
    if key is None:
        raise ReviewNotFoundError
    asked = limits.of_network(reaction.address, at)
    known = reactions.read(reaction.slug, (key, reaction.id), row, asked, at)
    return known, limits.quota(limits.count(known.counters, at), at)


def _network(purpose: str, reaction: Reaction) -> str:
    prefix = networks.of_subscriber(reaction.address)
    return keys.reacting(secrets.current().reader_secret, purpose, reaction.id, prefix)

"""
The key schema of both tables.

    content   blocks    pk=BLOCKS        sk=BLOCKS
              key       pk=KEYS          sk=<SHA-256 of an editor's key, hex>
              article   pk=A#<slug>      sk=ARTICLE             above the reviews of public indexes
              gate      pk=A#<slug>      sk=GATE                exists while the article is public;
                                                                below the reviews of the same
              alias     pk=A#<slug>      sk=ALIAS               of a later slug of an article
              review    pk=A#<slug>      sk=R#<digest>
              proposal  pk=A#<slug>      sk=P#<digest>
              revision  pk=V#<slug>      sk=<revision, 10 digits>
              decision  pk=D#<slug>      sk=<ULID>
              event     pk=O#<ULID>      sk=EVENT
              vote      pk=F#<review id> sk=VOTE#<network>
              report    pk=F#<review id> sk=REPORT#<network>
              consent   pk=CONSENT       sk=TEXT#<revision>     text, never changed
              contact   pk=C#<reader>    sk=CONTACT             only of who asked for mail
              request   pk=C#<reader>    sk=REQUEST#<ULID>      of an event, until it is told
              erasure   pk=ERASURES      sk=<ULID>              receipt, nothing of a reader
                by_article   listed_in=A#<slug>       id            public rows only
                by_rating    listed_in=A#<slug>       rating_order  <stars>#<id>
                by_helpful   listed_in=A#<slug>       helpful_order <votes, 7 digits>#<id>
                by_id        id
                queue        queue=pending, spam, rejected or reported
                                                      id
                             queue=outbox, dead or delivered
                                                      id=<due, RFC 3339>#<ULID>
                             queue=D#<review id>      id=<ULID>: decisions on a review
                by_reader    reader=<hash>            id
    derived   tally     pk=T#<slug>      sk=TALLY
                by_rank      ranked_in=TOP            rank          <score, 7 digits>#<slug>
              ledger    pk=T#<slug>      sk=L#<digest>          80 bits of a hash of its id for
                                                                what may vanish by itself
              related   pk=T#<slug>      sk=RELATED             what its page shows of others
              listing   pk=LIST#all, LIST#tag:<tag>, LIST#author:<author>
                                         sk=<published_at>#<slug>
                        pk=LIST#unlisted, LIST#status:<status>
                                         sk=<updated_at>#<slug>
                        pk=LIST#due      sk=<published_at>#<slug>
              quarantine pk=QUARANTINE   sk=<sequence number>
              counter   pk=LIMIT#<subject>#<window>     sk=COUNTER
                        a subject is network:<hash>, reader:<hash>, article:<slug>, site
                        or mailbox:<hash>
              token     pk=CAPTCHA#<hash>               sk=SPENT
              text      pk=TEXT#<hash>                  sk=SEEN

A digest is 128 bits in base32, 26 characters. The reader's e-mail address is
hashed here and goes no further.

Because the article and its gate enclose the reviews in either direction, the
first row of a page from either end says whether the article is public: one
query answers for a missing article, an empty list and a full one.
"""

import base64
import hashlib
import hmac
import secrets
import time
import unicodedata
from datetime import datetime
from typing import Final, TypeAlias

from chalicelib.model import ArticleStatus, Review, ReviewKey, ReviewStatus, rfc3339

Key: TypeAlias = dict[str, dict[str, str]]

ABOVE: Final = "~"
"""Sorts after every ULID and every other order of reviews."""
BELOW: Final = "!"
"""Sorts before them."""
TOP: Final = "TOP"
REPORTED: Final = "reported"
"""Partition of the index `queue` of what is public and was reported."""
QUEUES: Final = (ReviewStatus.PENDING, ReviewStatus.SPAM, ReviewStatus.REJECTED, REPORTED)
"""What editors look through, each one a partition of the index `queue`."""
EVENT: Final = "EVENT"
OUTBOX: Final = "outbox"
DEAD: Final = "dead"
DELIVERED: Final = "delivered"
"""Partitions of the index `queue`: what somebody is still to be told of, was not, and was."""
GATE: Final = "GATE"
EDITORS: Final = "KEYS"
TALLY: Final = "TALLY"
RELATED: Final = "RELATED"
QUARANTINE: Final = "QUARANTINE"
ERASURES: Final = "ERASURES"
CONSENTS: Final = "CONSENT"
_TEXT: Final = "TEXT#"
LISTS: Final = "LIST#"
REPORTS: Final = "REPORT#"
REQUESTS: Final = "REQUEST#"
EVERY_ARTICLE: Final = "LIST#all"
UNLISTED: Final = "LIST#unlisted"
DUE: Final = "LIST#due"
"""Scheduled articles by their time."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DIGEST_BYTES = 16
_PASSING_BYTES = 10


def key(pk: str, sk: str) -> Key:
    """Write a primary key as DynamoDB takes it."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def article_pk(slug: str) -> str:
    """Partition of an article and its reviews in content."""
    return f"A#{slug}"


def tally_pk(slug: str) -> str:
    """Partition of a tally and its ledger in derived."""
    return f"T#{slug}"


def article(slug: str) -> Key:
    """Key of an article."""
    return key(article_pk(slug), "ARTICLE")


def revision(slug: str, number: int) -> Key:
    """Key of what an article was at a revision."""
    return key(revision_pk(slug), f"{number:010d}")


def revision_pk(slug: str) -> str:
    """Partition of what an article was at each of its revisions."""
    return f"V#{slug}"


def gate(slug: str) -> Key:
    """Key of the small row that exists while the article is public."""
    return key(article_pk(slug), GATE)


def alias(slug: str) -> Key:
    """Key of the row that says which article got a slug later."""
    return key(article_pk(slug), "ALIAS")


def review_sk(review: ReviewKey) -> str:
    """Sort key of a review `R#…` or a proposal `P#…`."""
    return f"{review.kind}#{encode_digest(review.digest)}"


def review(slug: str, review_key: ReviewKey) -> Key:
    """Key of a review or a proposal."""
    return key(article_pk(slug), review_sk(review_key))


def tally(slug: str) -> Key:
    """Key of a tally."""
    return key(tally_pk(slug), TALLY)


def related(slug: str) -> Key:
    """Key of which articles are related to one."""
    return key(tally_pk(slug), RELATED)


def ledger(slug: str, digest: bytes) -> Key:
    """Key of what one review contributes to the tally."""
    return key(tally_pk(slug), f"L#{encode_digest(digest)}")


def ledger_digest(review: Review) -> bytes:
    """
    Give what the ledger knows a review or a proposal by.

    That is its own digest. Of what may vanish by itself, whose digest then begins anew at
    revision 1, it is a hash of the `id`, which never comes again.

    Returns:
        16 bytes; 10 of what may vanish.
    """
    return review.key.digest if review.expires_at is None else passing_digest(review.id)


def passing_digest(review_id: str) -> bytes:
    """Give what the ledger knows a review by as long as it may vanish by itself, 10 bytes."""
    return hashlib.sha256(review_id.encode()).digest()[:_PASSING_BYTES]


def is_passing(digest: bytes) -> bool:
    """Tell whether a ledger entry is that of a review that may vanish by itself."""
    return len(digest) == _PASSING_BYTES


def parse_ledger_sk(sk: str) -> bytes:
    """Read the digest out of a ledger entry's sort key."""
    text = sk.removeprefix("L#")
    return base64.b32decode(text + "=" * (-len(text) % 8))


def event(event_id: str) -> Key:
    """Key of what somebody is to be told of."""
    return key(f"O#{event_id}", EVENT)


def due(at: datetime, event_id: str) -> str:
    """Sort key of an event in the outbox: when the next attempt is due, then its id."""
    return f"{rfc3339(at)}#{event_id}"


def decisions_pk(name: str) -> str:
    """
    Partition of decisions: in content by the article's slug, in the index `queue` by a review's id.

    No review has the id of a slug: ULIDs are upper case.
    """
    return f"D#{name}"


def decision(slug: str, decision_id: str) -> Key:
    """Key of what was decided about an article or one of its reviews."""
    return key(decisions_pk(slug), decision_id)


def contact(reader_hash: str) -> Key:
    """Key of how a reader is written to, by `Review.reader`."""
    return key(contacts_pk(reader_hash), "CONTACT")


def contacts_pk(reader_hash: str) -> str:
    """Partition of the addresses of a reader."""
    return f"C#{reader_hash}"


def request(reader_hash: str, event_id: str) -> Key:
    """Key of the address to which a link that was asked for goes."""
    return key(contacts_pk(reader_hash), f"{REQUESTS}{event_id}")


def erasure(erasure_id: str) -> Key:
    """Key of the receipt of an erasure."""
    return key(ERASURES, erasure_id)


def consent(revision: str) -> Key:
    """Key of a text that readers agreed to, whatever its revision is called: `ARTICLE` too."""
    return key(CONSENTS, f"{_TEXT}{revision}")


def parse_consent_sk(sk: str) -> str:
    """Give the revision of a text from its sort key."""
    return sk.removeprefix(_TEXT)


def blocks() -> Key:
    """Key of what the editors block."""
    return key("BLOCKS", "BLOCKS")


def editor_key(digest: str) -> Key:
    """Key of an editor's key, by its SHA-256 in hex."""
    return key(EDITORS, digest)


def counter(subject: str, window: int) -> Key:
    """
    Key of what was counted of a limit.

    Args:
        subject: `network:<hash>`, `reader:<hash>`, `article:<slug>`, `site`, `mailbox:<hash>`.
        window: Seconds.
    """
    return key(f"LIMIT#{subject}#{window}", "COUNTER")


def token(digest: str) -> Key:
    """Key of a captcha token that was spent, by its SHA-256."""
    return key(f"CAPTCHA#{digest}", "SPENT")


def text(digest: str) -> Key:
    """Key of the articles that a message was sent to, by its hash."""
    return key(f"TEXT#{digest}", "SEEN")


def listing_pk(*, tag: str | None = None, author: str | None = None) -> str:
    """Partition of a list of published articles: a tag's, an author's or all."""
    if tag is not None:
        return f"LIST#tag:{tag}"
    if author is not None:
        return f"LIST#author:{author}"
    return EVERY_ARTICLE


def status_pk(status: ArticleStatus) -> str:
    """Partition of the list of all articles of a status."""
    return f"LIST#status:{status}"


def listing_sk(published_at: datetime, slug: str) -> str:
    """Sort key of an article in the lists of published ones, `<RFC 3339>#<slug>`."""
    return f"{rfc3339(published_at)}#{slug}"


def parse_listing_sk(sk: str) -> str:
    """Read the slug out of an article's sort key in any list; empty when there is none."""
    return sk.partition("#")[2]


def rank(score: int, slug: str) -> str:
    """
    Sort key of an article among the best.

    Args:
        score: Millionths of a star, 0 to 9 999 999.
    """
    return f"{score:07d}#{slug}"


def parse_tally_pk(pk: str) -> str:
    """Read the slug out of a tally's partition."""
    return pk.removeprefix("T#")


def parse_review_sk(sk: str) -> ReviewKey | None:
    """
    Read the sort key of a content row.

    Returns:
        None when the row is no review and no proposal.

    Raises:
        ValueError: It claims to be one and is malformed.
    """
    kind, separator, text = sk.partition("#")
    if kind not in {"R", "P"} or not separator:
        return None
    return ReviewKey(kind, decode_digest(text))


def parse_article_pk(pk: str) -> str:
    """
    Read the slug out of a content partition.

    Raises:
        ValueError: It is no article's partition.
    """
    prefix, separator, slug = pk.partition("#")
    if prefix != "A" or not separator or not slug:
        msg = "not an article's partition"
        raise ValueError(msg)
    return slug


def encode_digest(digest: bytes) -> str:
    """Write 16 bytes as 26 characters of base32."""
    return base64.b32encode(digest).decode().rstrip("=")


def decode_digest(text: str) -> bytes:
    """
    Read what `encode_digest` wrote.

    Raises:
        ValueError: The text is no base32 of 16 bytes.
    """
    digest = base64.b32decode(text + "======")
    if len(digest) != _DIGEST_BYTES:
        msg = "a digest has 16 bytes"
        raise ValueError(msg)
    return digest


def canonical_email(email: str) -> str:
    """
    Give the one form in which addresses are compared.

    NFC and in lower case as a whole: the standard lets a mailbox tell `A` from
    `a`, no provider does, and one reader should not be two. Not case-folded: that makes
    `ß` and `ss` one, and whoever reads mail at the one would be the reader of the other.
    """
    return unicodedata.normalize("NFC", email.strip()).lower()


def keyed_hash(secret: bytes, purpose: str, *parts: str) -> bytes:
    """
    Hash texts so that only this server can.

    Args:
        secret: Key, 32 bytes or more.
        purpose: Separates the uses, so that no hash of one is good for another.
        parts: Texts; their lengths are hashed too, so that no two lists collide.

    Returns:
        HMAC-SHA256, cut to 16 bytes.
    """
    message = b"".join(
        len(encoded).to_bytes(4, "big") + encoded
        for encoded in (part.encode() for part in (purpose, *parts))
    )
    return hmac.digest(secret, message, "sha256")[:_DIGEST_BYTES]


def review_key(secret: bytes, slug: str, email: str) -> ReviewKey:
    """
    Give the key of the one review that this reader can have of this article.

    Args:
        secret: `Settings.reader_secret`.
        email: Any spelling of the address.
    """
    return ReviewKey("R", keyed_hash(secret, "review", slug, canonical_email(email)))


def proposal_key(fingerprint: str) -> ReviewKey:
    """Give the key of a proposed change: the same text twice is one proposal."""
    return ReviewKey("P", decode_digest(fingerprint))


def reader(secret: bytes, email: str) -> str:
    """Give the reader's partition in `by_reader`, the same for every article."""
    return encode_digest(keyed_hash(secret, "reader", canonical_email(email)))


def mailbox(secret: bytes, email: str) -> str:
    """Give the name under which letters to an address are counted; no row has it elsewhere."""
    return encode_digest(keyed_hash(secret, "mailbox", canonical_email(email)))


def reactions_pk(review_id: str) -> str:
    """Partition of what readers made of a review."""
    return f"F#{review_id}"


def vote(review_id: str, network: str) -> Key:
    """
    Key of a vote on a review.

    Args:
        network: As `reacting` names it.
    """
    return key(reactions_pk(review_id), f"VOTE#{network}")


def report(review_id: str, network: str) -> Key:
    """
    Key of a report of a review.

    Args:
        network: As `reacting` names it.
    """
    return key(reactions_pk(review_id), f"{REPORTS}{network}")


def reacting(secret: bytes, purpose: str, review_id: str, prefix: str) -> str:
    """
    Give the name of a network for one purpose on one review: elsewhere it has another.

    Args:
        purpose: `vote` or `report`.
        prefix: `203.0.113.0/24`.
    """
    return encode_digest(keyed_hash(secret, "reaction", purpose, review_id, prefix))


def network(secret: bytes, day: str, prefix: str) -> str:
    """
    Give the name of a network for one day: nobody can tell it tomorrow.

    Args:
        day: `2026-03-14`.
        prefix: `203.0.113.0/24`.
    """
    return encode_digest(keyed_hash(secret, "network", day, prefix))


def message(secret: bytes, words: str) -> str:
    """Give the hash of a message by which it is known on another article."""
    return encode_digest(keyed_hash(secret, "message", words))


def new_id() -> str:
    """
    Make a ULID: 48 bits of milliseconds, 80 random bits.

    Returns:
        26 characters of Crockford's base32, sorted by time.

    Source:
        github.com/ulid/spec
    """
    return _ulid(time.time_ns() // 1_000_000, secrets.randbits(80))


def first_id(at: datetime) -> str:
    """Give the least ULID of a time: those that were made before it sort below."""
    return _ulid(int(at.timestamp() * 1000), 0)


def _ulid(milliseconds: int, random: int) -> str:
    number = milliseconds << 80 | random
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))

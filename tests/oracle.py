"""
Who has which review: what the state machine holds the real handlers against.

Written from the contract, in memory and without revisions, ledger or stream.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeVar

Place: TypeAlias = tuple[str, int]
"""An article and a reader."""
Words: TypeAlias = tuple[int, str]
"""Rating and message as they were submitted."""
K = TypeVar("K")

DECISIONS: Final = {"publish": "published", "reject": "rejected", "spam": "spam"}


@dataclass
class Held:
    """
    A review or a proposal.

    Attributes:
        key: `Idempotency-Key` that it was submitted with.
        proposed_for: The review that a proposal would change; else empty.
        ended: By whose will it is not to be read, `removed` or `withdrawn`; `published` of a
            proposal that was accepted; else empty.
        votes: Networks that found it helpful.
        heard: Networks that reported it.
        reports: How many reported it since it was decided on, by reason.
    """

    id: str
    token: str
    status: str
    rating: int
    words: Words
    key: str
    proposed_for: str = ""
    ended: str = ""
    votes: set[int] = field(default_factory=set)
    heard: set[int] = field(default_factory=set)
    reports: Counter[str] = field(default_factory=Counter)

    @property
    def is_public(self) -> bool:
        return self.status == "published" and not self.proposed_for

    @property
    def is_open(self) -> bool:
        return self.status not in {"withdrawn", "erased"}

    @property
    def outcome(self) -> str:
        """What it is counted as; empty for a proposal that was accepted."""
        if self.status == "published":
            return "" if self.proposed_for else "published"
        if self.status in {"pending", "spam"} and not self.ended:
            return "held"
        return self.ended.replace("published", "")


@dataclass
class Oracle:
    """
    What should be.

    Attributes:
        first_status: Of a review that was just submitted, as the moderation says.
    """

    first_status: str
    reviews: dict[Place, Held] = field(default_factory=dict)
    proposals: dict[tuple[Place, Words], Held] = field(default_factory=dict)
    gone: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By article what became of those that gave way to a later submission."""

    def everything(self) -> list[tuple[str, Held]]:
        """Give all reviews and proposals with their articles' slugs."""
        found = [(slug, one) for (slug, _), one in self.reviews.items()]
        return found + [(slug, one) for ((slug, _), _), one in self.proposals.items()]

    def published(self, slug: str) -> dict[str, Held]:
        """Give the reviews that are public while their article is, by their ids."""
        return {
            one.id: one
            for (article, _), one in self.reviews.items()
            if article == slug and one.is_public
        }

    def counts(self, slug: str) -> Counter[str]:
        """Give how many of an article were published, held, removed, withdrawn: `held_1`."""
        found = Counter(self.gone[slug])
        for article, one in self.everything():
            if article == slug and one.outcome:
                found[f"{one.outcome}_{one.rating}"] += 1
        return found

    def submit(
        self, place: Place, words: Words, key: str, is_spam: bool, answer: dict[str, Any]
    ) -> tuple[str, str | None]:
        """
        Take a submission in.

        Args:
            answer: The API's; a new review or proposal gets its id and its token.

        Returns:
            The id and the token that the answer must hold.
        """
        status = "spam" if is_spam else self.first_status
        new = Held(answer["id"], answer["manage_token"], status, words[0], words, key)
        one = self._put(self.reviews, place, new, place[0])
        if one.words != words:
            new.status, new.proposed_for = "spam" if is_spam else "pending", one.id
            one = self._put(self.proposals, (place, words), new, place[0])
        return one.id, one.token if one.key == key else None

    def edit(self, one: Held, rating: int) -> None:
        """Change a rating; what was approved before may have to wait again."""
        if one.status == "published" and one.rating != rating:
            one.status = "pending" if one.proposed_for else self.first_status
            one.ended = ""
        one.rating = rating

    def withdraw(self, one: Held) -> None:
        """End a review or a proposal."""
        if one.status != "erased":
            self._end(one, "withdrawn")

    def erase(self, reader: int) -> None:
        """End all that a reader wrote, and forget who that was."""
        for (_, number), one in self.reviews.items():
            if number == reader:
                self._end(one, "erased")
        for ((_, number), _), one in self.proposals.items():
            if number == reader:
                self._end(one, "erased")

    @property
    def has_unjudged_spam(self) -> bool:
        """Whether there is something that a filter took for spam, and no editor called so."""
        return any(one.status == "spam" and not one.ended for _, one in self.everything())

    def vanish(self, review_id: str) -> Place | None:
        """Forget spam that nobody looked at, as if it had never been; say whose review it was."""
        place = next((at for at, one in self.reviews.items() if one.id == review_id), None)
        self.reviews = {at: one for at, one in self.reviews.items() if one.id != review_id}
        self.proposals = {at: one for at, one in self.proposals.items() if one.id != review_id}
        return place

    def report(self, one: Held, network: int, reason: str) -> None:
        """Report a review that is public."""
        if network not in one.heard:
            one.heard.add(network)
            one.reports[reason] += 1

    def decide(self, one: Held, decision: str) -> bool:
        """Carry out an editor's decision; False when there is nothing to decide on."""
        status = DECISIONS[decision]
        if not one.is_open:
            return False
        if one.proposed_for and status == "published" and one.status != "published":
            targets = (review for review in self.reviews.values() if review.id == one.proposed_for)
            target = next(targets, None)
            if target is None or not target.is_open:
                return False
            target.rating, target.status, target.ended = one.rating, "published", ""
            target.reports.clear()
            one.ended = "published"
        elif status != "published":
            one.ended = "removed"
        elif not one.proposed_for:
            one.ended = ""
        one.status = status
        one.reports.clear()
        return True

    @staticmethod
    def _end(one: Held, status: str) -> None:
        one.status, one.ended = status, one.ended or "withdrawn"
        one.reports.clear()

    def _put(self, table: dict[K, Held], place: K, new: Held, slug: str) -> Held:
        """
        Put a submission where it belongs, unless something stands there.

        What its reader ended gives way and stays counted. What was withdrawn does not give way to a
        late copy of its own request; of what was erased nobody can know a copy.
        """
        found = table.setdefault(place, new)
        is_copy = (found.words, found.key) == (new.words, new.key) and found.status != "erased"
        if not found.is_open and not is_copy:
            if found.outcome:
                self.gone[slug][f"{found.outcome}_{found.rating}"] += 1
            table[place] = new
        return table[place]

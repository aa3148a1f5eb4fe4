"""
Eight clients at once, each of which knows what it was answered.

Every client has readers of its own, who review the same articles as everyone
else's. It submits, repeats, proposes, edits, withdraws and decides over them in
an order of its own choosing, and an oracle says what each answer must be and
what must be left of it.
"""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from tests import builders, privacy
from tests.client import Answer, Api
from tests.oracle import DECISIONS, Held, Oracle, Place, Words

SLUGS: Final = ("lamp", "moth", "owl")
CLIENTS: Final = 8
REVIEWS: Final = 200
READERS: Final = REVIEWS // CLIENTS
"""Of one client."""

_ATTEMPTS: Final = 5
_WEIGHTS: Final = (6, 3, 1)
"""The first article is the busy one."""


def publish(api: Api) -> None:
    """Publish the articles."""
    for slug in SLUGS:
        assert api.put(f"/articles/{slug}", builders.article(title=slug)).status == 201


def visit(api: Api) -> list[Oracle]:
    """
    Let everyone do everything at once.

    Returns:
        What each client knows in the end.
    """
    clients = [Client(number, api) for number in range(CLIENTS)]
    # Here, because a set that is searched may not grow.
    for client in clients:
        for number in range(READERS):
            privacy.remember(client.email(number))
    with ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(client.run) for client in clients]:
            done.result()
    return [client.oracle for client in clients]


def counted(oracles: list[Oracle], slug: str) -> dict[str, int]:
    """Give the ratings that the public must see of an article, by the reviews' ids."""
    return {name: one.rating for oracle in oracles for name, one in oracle.published(slug).items()}


class Client:
    """One of the crowd."""

    def __init__(self, number: int, api: Api) -> None:
        self.oracle = Oracle("published")
        self._number = number
        self._api = api
        self._random = random.Random(number)
        self._submitted: list[tuple[Place, Words]] = []

    def email(self, reader: int) -> str:
        """Give the address of a reader of this client."""
        return f"reader-{self._number}-{reader}@example.com"

    def run(self) -> None:
        """Submit the review of each reader, and do something about another's after each."""
        actions = [self._edit, self._edit, self._decide, self._withdraw, self._repeat, self._differ]
        for reader in range(READERS):
            (slug,) = self._random.choices(SLUGS, _WEIGHTS)
            self._submit((slug, reader), (self._stars(), "Clear and kind."))
            self._random.choice(actions)()

    def _submit(self, place: Place, words: Words) -> None:
        (slug, reader), (rating, message) = place, words
        key = f"{self._number}-{reader}-{rating}-{len(message)}"
        body = builders.submission(email=self.email(reader), rating=rating, message=message)

        answer = self._ask("POST", f"/articles/{slug}/reviews", body, Idempotency_Key=key)

        assert (answer.status, answer.body["status"]) == (201, "published"), answer.text
        expected = self.oracle.submit(place, words, key, False, answer.body)
        assert (answer.body["id"], answer.body["manage_token"]) == expected
        self._submitted.append((place, words))

    def _repeat(self) -> None:
        self._submit(*self._random.choice(self._submitted))

    def _differ(self) -> None:
        """Submit other words than before: a proposed change, or a review after one that ended."""
        place, _ = self._random.choice(self._submitted)
        self._submit(place, (self._stars(), "On second thoughts."))

    def _edit(self) -> None:
        slug, one = self._one()
        rating = self._stars()

        answer = self._ask(
            "PATCH", f"/articles/{slug}/reviews/{one.id}", {"rating": rating}, token=one.token
        )

        if one.is_open:
            assert (answer.status, answer.body["rating"]) == (200, rating)
            self.oracle.edit(one, rating)
        else:
            assert answer.code == "review_not_found"

    def _withdraw(self) -> None:
        slug, one = self._one()

        answer = self._ask("DELETE", f"/articles/{slug}/reviews/{one.id}", token=one.token)

        assert answer.status == 204, answer.text
        one.status = "withdrawn"

    def _decide(self) -> None:
        slug, one = self._one()
        decision = self._random.choice([*DECISIONS, "publish"])
        body = {"decisions": [{"slug": slug, "id": one.id, "decision": decision}]}

        answer = self._ask("POST", "/editor/reviews/decisions", body, editor=True)

        (result,) = (result["result"] for result in answer.body["results"])
        assert (result == "review_not_found") == (not self.oracle.decide(one, decision))

    def _one(self) -> tuple[str, Held]:
        return self._random.choice(self.oracle.everything())

    def _stars(self) -> int:
        return self._random.randint(1, 5)

    def _ask(self, method: str, path: str, body: object = None, **options: Any) -> Answer:
        """Send a request, again while the answer is to repeat it as it was."""
        for answer in self._answers(method, path, body, options):
            if answer.status != 503:
                return answer
        raise AssertionError(f"{method} {path}: 503 again and again")

    def _answers(
        self, method: str, path: str, body: object, options: dict[str, Any]
    ) -> Iterator[Answer]:
        return (self._api.request(method, path, body, **options) for _ in range(_ATTEMPTS))

"""
Eight clients post as fast as they can for a minute, at the local server on the emulator's tables.

Chalice's local server answers in a thread for each request, so that everything happens at once that
can; the deployed tally counts what comes of it.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import pytest

from tests import builders
from tests.client import Api
from tests.packaging.local_server import ROOT, LocalServer, wait_until
from tests.rehearsal import books
from tests.rehearsal.conftest import tally_of
from tests.rehearsal.emulator import REGION
from tests.rehearsal.stacks import Stack

SECONDS: Final = 60
CLIENTS: Final = 8
SLUGS: Final = ("keep", "moat", "tower")
LIMIT: Final = 200
"""Of the site, in any minute."""
_LIMITS: Final = f"network=1000000/1m reader=3/1m article=120/1m site={LIMIT}/1m site=20000/1d"
_SETTLED: Final = 60


class Post(NamedTuple):
    """A submission as it was answered; `status` is the review's, empty for a refusal."""

    began: float
    ended: float
    code: int
    slug: str
    status: str
    rating: int


@pytest.fixture(scope="module")
def server(
    dev: Stack, visitor: Api, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalServer]:
    """`chalice local` with the stage's tables and secrets, and limits that a minute reaches."""
    for slug in SLUGS:
        assert visitor.put(f"/articles/{slug}", builders.article(title=slug)).status == 201
    chalice = ("-c", "from chalice.cli import main; main()")
    command = (*chalice, "local", "--stage", "dev", "--no-autoreload", "--port", "{port}")
    log = tmp_path_factory.mktemp("siege") / "server.log"
    running = LocalServer(
        ROOT,
        log,
        command,
        AWS_ENDPOINT_URL=dev.emulator.url,
        AWS_ACCOUNT_ID_ENDPOINT_MODE="disabled",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION=REGION,
        LIMITS=_LIMITS,
    )
    try:
        running.wait_for_an_answer()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def posts(server: LocalServer) -> list[Post]:
    """Everything that was answered."""
    until = time.monotonic() + SECONDS
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(_besiege, server, number, until) for number in range(CLIENTS)]
        return [post for client in clients for post in client.result()]


def _besiege(server: LocalServer, client: int, until: float) -> list[Post]:
    posts: list[Post] = []
    while time.monotonic() < until:
        number = len(posts)
        slug, rating = SLUGS[number % len(SLUGS)], (client + number) % 5 + 1
        body = builders.submission(
            email=f"siege-{client}-{number}@example.com",
            rating=rating,
            message=f"{client}, {number}.",
        )
        began = time.monotonic()
        answer = server.request("POST", f"/articles/{slug}/reviews", json.dumps(body))
        assert answer is not None
        code, text = answer
        status = json.loads(text)["status"] if code == 201 else ""
        posts.append(Post(began, time.monotonic(), code, slug, status, rating))
    return posts


def test_every_answer_is_a_review_or_a_refusal(posts: list[Post]) -> None:
    codes = Counter(post.code for post in posts)

    assert set(codes) == {201, 429}, codes


def test_no_minute_takes_in_more_than_the_limit(posts: list[Post]) -> None:
    accepted = sorted(post.began for post in posts if post.code == 201)

    assert len(accepted) >= LIMIT
    for index, began in enumerate(accepted):
        # What began and ended within a minute was stored within it.
        within = [post for post in posts if post.code == 201 and began <= post.began]
        assert sum(post.ended <= began + SECONDS for post in within) <= LIMIT, index


def test_tallies_are_what_was_answered(dev: Stack, visitor: Api, posts: list[Post]) -> None:
    for slug in SLUGS:
        published = [one.rating for one in posts if (one.slug, one.status) == (slug, "published")]
        expected = books.count(published)

        wait_until(lambda: tally_of(visitor, slug) == expected, _SETTLED)  # noqa: B023
        assert books.of_content(dev, slug) == books.of_ledger(dev, slug) == expected

"""
What a stage costs in a month, from its traffic; each line with its arithmetic.

Prices of us-east-1 without free tiers, savings plans and taxes. Units of
DynamoDB are those that tests meter (docs/data-model.md); sizes and durations
are assumptions and stand in `_ASSUMED`.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple


class Price(NamedTuple):
    """Dollars for so many of a unit, and where they come from."""

    dollars: float
    per: int
    unit: str
    source: str

    def of(self, what: str, amount: float, arithmetic: str = "") -> "Line":
        """Give the line of an amount; `arithmetic` says how it came about."""
        share = f"{self.dollars:.10f}".rstrip("0").rstrip(".")
        per = f" / {self.per:,}" if self.per > 1 else ""
        counted = f"{amount:,.0f}" if amount >= 10 or amount == int(amount) else f"{amount:.3g}"  # noqa: PLR2004
        said = f"{arithmetic} = {counted}" if arithmetic else counted
        return Line(
            what,
            f"{said} {self.unit} x ${share}{per}",
            amount * self.dollars / self.per,
            self.source,
        )


class Line(NamedTuple):
    """One line of the estimate."""

    what: str
    arithmetic: str
    dollars: float
    source: str


class Traffic(NamedTuple):
    """
    What goes on in a month.

    Attributes:
        articles: There are so many, and each is written once.
        reads: Requests of readers' browsers.
        reviews: Submitted and published.
    """

    articles: int
    reads: int
    reviews: int


class Watch(NamedTuple):
    """How much looks on: CloudWatch's metrics of our own, alarms and dashboards."""

    metrics: int
    alarms: int
    dashboards: int


class Units(NamedTuple):
    """DynamoDB's units of one operation; index writes included."""

    read: float
    write: float


_MEASURED: Final = "list price since November 2024, seen again September 2026"
_LIST: Final = "list price of 2026, not confirmed by an account"
_LAMBDA: Final = "list price, seen May 2026: aws.amazon.com/lambda/pricing"
_MILLION: Final = 1_000_000
_MINUTES: Final = 30 * 24 * 60

PRICES: Final = {
    "api": Price(3.50, _MILLION, "requests", f"{_LIST}: aws.amazon.com/api-gateway/pricing"),
    "invocation": Price(0.20, _MILLION, "calls", _LAMBDA),
    "arm64": Price(0.0000133334, 1, "GB-s", _LAMBDA),
    "x86_64": Price(0.0000166667, 1, "GB-s", _LAMBDA),
    "read": Price(0.125, _MILLION, "read units", _MEASURED),
    "write": Price(0.625, _MILLION, "write units", _MEASURED),
    "storage": Price(0.25, 1, "GB", _MEASURED),
    "recovery": Price(0.20, 1, "GB", f"{_LIST}: aws.amazon.com/dynamodb/pricing"),
    "logs": Price(0.50, 1, "GB", f"{_LIST}: aws.amazon.com/cloudwatch/pricing"),
    "metric": Price(0.30, 1, "metrics", f"{_LIST}: aws.amazon.com/cloudwatch/pricing"),
    "alarm": Price(0.10, 1, "alarms", f"{_LIST}: aws.amazon.com/cloudwatch/pricing"),
    "dashboard": Price(3.00, 1, "dashboards", f"{_LIST}: aws.amazon.com/cloudwatch/pricing"),
    "queue": Price(0.40, _MILLION, "messages", f"{_LIST}: aws.amazon.com/sqs/pricing"),
    "parameter": Price(0.00, 1, "parameters", f"{_LIST}: standard tier of Parameter Store"),
    "key": Price(0.03, 10_000, "decryptions", f"{_LIST}: aws.amazon.com/kms/pricing"),
    "transfer": Price(0.09, 1, "GB", f"{_LIST}: aws.amazon.com/ec2/pricing/on-demand"),
}

UNITS: Final = {
    "GET /articles": Units(11, 0),
    "GET /articles/{slug}": Units(2.5, 0),
    "GET …/reviews": Units(1.5, 0),
    "POST a review": Units(12, 22),
    "count a review": Units(2, 6),
    "PUT a published one": Units(1, 46),
    "rank and relate a published article": Units(17, 6),
    "reconcile an article, all well": Units(13, 0),
    "a minute in which nothing is due": Units(1, 0),
}
"""As `tests/functional/test_estimate.py` meters them; each review alone in its batch, on guard."""

MIX: Final = {"GET /articles": 0.2, "GET /articles/{slug}": 0.4, "GET …/reviews": 0.4}
"""Of what the reads are assumed to be: a list now and then, an article with its reviews."""


class _ASSUMED:
    """Sizes and durations that nothing here measures."""

    read_seconds: Final = 0.015
    write_seconds: Final = 0.040
    count_seconds: Final = 0.040
    reconcile_seconds: Final = 0.100
    minute_seconds: Final = 0.030
    memory_gb: Final = 0.5
    log_kb: Final = 1.2
    answer_kb: Final = 8
    article_kb: Final = 30
    """With its listing rows and index entries."""
    review_kb: Final = 4
    """With its index entries and its entry in the ledger; a year's are kept."""
    containers: Final = 1
    """That read the secrets every five minutes all month."""


def estimate(traffic: Traffic, watch: Watch, architecture: str) -> Iterator[Line]:
    """Say what a month costs; `architecture` is `arm64` or `x86_64`."""
    yield from _of_requests(traffic, architecture)
    yield from _of_rows(traffic)
    yield from _of_watching(traffic, watch)


def _of_requests(traffic: Traffic, architecture: str) -> Iterator[Line]:
    articles, reads, reviews = traffic
    requests = reads + reviews + articles
    counted = reviews + articles
    yield PRICES["api"].of(
        "API Gateway", requests, f"({reads:,} reads + {reviews:,} reviews + {articles:,} articles)"
    )
    yield PRICES["invocation"].of(
        "Lambda calls",
        requests + counted + 30 + _MINUTES,
        f"({requests:,} + {counted:,} counted + 30 nights + {_MINUTES:,} minutes)",
    )
    for what, times, seconds in (
        ("reads", reads, _ASSUMED.read_seconds),
        ("writes", reviews + articles, _ASSUMED.write_seconds),
        ("tally", counted, _ASSUMED.count_seconds),
        ("reconciler", 30 * articles, _ASSUMED.reconcile_seconds),
        ("clock", _MINUTES, _ASSUMED.minute_seconds),
    ):
        gigabytes = _ASSUMED.memory_gb
        yield PRICES[architecture].of(
            f"Lambda {what}",
            times * seconds * gigabytes,
            f"{times:,} x {seconds} s x {gigabytes} GB",
        )
    sent = reads * _ASSUMED.answer_kb / _MILLION
    yield PRICES["transfer"].of("Data out", sent, f"{reads:,} x {_ASSUMED.answer_kb} KB")


def _of_rows(traffic: Traffic) -> Iterator[Line]:
    articles, reads, reviews = traffic
    operations = [(name, reads * share) for name, share in MIX.items()]
    operations += [
        ("POST a review", reviews),
        ("count a review", reviews),
        ("PUT a published one", articles),
        ("rank and relate a published article", articles),
        ("reconcile an article, all well", 30 * articles),
        ("a minute in which nothing is due", _MINUTES),
    ]
    for name, times in operations:
        for kind, units in zip(("read", "write"), UNITS[name], strict=True):
            if units:
                yield PRICES[kind].of(
                    f"DynamoDB {name}", times * units, f"{times:,.0f} x {units:g}"
                )
    kept = (articles * _ASSUMED.article_kb + 12 * reviews * _ASSUMED.review_kb) / _MILLION
    arithmetic = (
        f"({articles:,} x {_ASSUMED.article_kb} KB + 12 x {reviews:,} x {_ASSUMED.review_kb} KB)"
    )
    yield PRICES["storage"].of("Rows after a year", kept, arithmetic)
    yield PRICES["recovery"].of("Point-in-time recovery", kept)


def _of_watching(traffic: Traffic, watch: Watch) -> Iterator[Line]:
    lines = traffic.reads + 2 * (traffic.reviews + traffic.articles) + _MINUTES
    written = lines * _ASSUMED.log_kb / _MILLION
    yield PRICES["logs"].of("Logs", written, f"{lines:,} x {_ASSUMED.log_kb} KB")
    yield PRICES["metric"].of("Metrics", watch.metrics)
    yield PRICES["alarm"].of("Alarms", watch.alarms)
    yield PRICES["dashboard"].of("Dashboards", watch.dashboards)
    yield PRICES["queue"].of("Dead letters", 0)
    yield PRICES["parameter"].of("Secrets", 4)
    reads = _ASSUMED.containers * 4 * 12 * 24 * 30
    yield PRICES["key"].of("Reading secrets", reads, "4 x 12 an hour x 720 h")

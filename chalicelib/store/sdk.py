"""
Clients of AWS: botocore's own, of one session.

boto3 makes the same clients and imports its resources and its S3 transfers
besides, which nobody here uses: half of what a cold start imports.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config
from botocore.session import get_session

if TYPE_CHECKING:
    from botocore.session import Session

# Seconds; three attempts of 2 s stay well below API Gateway's 29.
_CONFIG: Final = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
)


def make(service: str) -> Any:
    """
    Make a client, which takes some 0.1 s.

    Args:
        service: botocore's name of it, `dynamodb`.
    """
    return _session().create_client(service, config=_CONFIG)


@cache
def _session() -> "Session":
    return get_session()

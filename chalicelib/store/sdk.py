"""
Clients of AWS: botocore's own, of one session.

boto3 makes the same clients and imports its resources and its S3 transfers
besides, which nobody here uses: half of what a cold start imports.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import get_session

if TYPE_CHECKING:
    from botocore.session import Session

SERVICES: Final = ("dynamodb", "ssm", "sesv2")

# Timeouts in seconds; three attempts of 2 s stay well below API Gateway's 29.
_CONFIG: Final = Config(
    # A tenth of a warm request's processor time. DynamoDB checks what it gets,
    # and the suite checks every request that it causes against botocore's model.
    parameter_validation=False,
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
)


class _Loader(Loader):
    """
    Knows which services there are.

    botocore's looks into its 400 directories, twice, before the first client
    is made, which took 17 ms of 55.
    """

    def list_available_services(self, type_name: str) -> list[str]:
        """Give what is used here, whatever form of description is asked for."""
        del type_name
        return list(SERVICES)


_ONCE: Final = Config(
    parameter_validation=False,
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 1},
)


def make(service: str, *, is_once: bool = False) -> Any:
    """
    Make a client, which takes some 40 ms.

    Args:
        service: One of `SERVICES`.
        is_once: Whether a request is sent once and waited for longer, because a second one
            would do the same thing twice.
    """
    return _session().create_client(service, config=_ONCE if is_once else _CONFIG)


@cache
def _session() -> "Session":
    session = get_session()
    session.register_component("data_loader", _Loader())
    return session

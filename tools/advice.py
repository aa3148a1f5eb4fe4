"""What an operator can do where AWS could not be asked."""

from typing import Final

from botocore.exceptions import (
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

_ADVICE: Final[dict[type[Exception], str]] = {
    NoRegionError: "no region: set AWS_DEFAULT_REGION, or a region in your AWS profile",
    NoCredentialsError: "no credentials: set AWS_PROFILE, or run aws configure or aws sso login",
}
_CHECK: Final[dict[type[Exception], str]] = {
    EndpointConnectionError: "; check the network and AWS_DEFAULT_REGION",
    ProfileNotFound: "; check AWS_PROFILE",
}


def on(error: Exception) -> str:
    """Say what is wrong and, where it is known, what to do about it."""
    return _ADVICE.get(type(error)) or f"{error}{_CHECK.get(type(error), '')}"

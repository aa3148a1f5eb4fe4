"""What units cost: the prices that `make plan` estimates with."""

from tools.deployment.cost import PRICES

_MILLION = 1_000_000


def dollars_per_million(read: float, write: float) -> float:
    """
    Give the dollars of a million requests.

    Args:
        read: Read units of one.
        write: Write units of one.
    """
    units = ((PRICES["read"], read), (PRICES["write"], write))
    return sum(price.dollars / price.per * amount for price, amount in units) * _MILLION

"""
Addresses that requests come from, and networks of them.

What is of IPv4 and written in IPv6, `::ffff:203.0.113.9`, is read as what it is.
"""

import ipaddress
from functools import lru_cache
from typing import Final, TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_SUBSCRIBERS: Final = {4: 24, 6: 56}
"""Bits that one subscriber does not choose: what a provider gives to a house or a street."""
_WIDEST: Final = {4: 8, 6: 16}


def address(written: str) -> Address | None:
    """Read an address; None if it is none."""
    try:
        read = ipaddress.ip_address(written)
    except ValueError:
        return None
    return getattr(read, "ipv4_mapped", None) or read


@lru_cache(maxsize=1024)
def network(written: str) -> Network:
    """
    Read a network, or an address in it.

    Raises:
        ValueError: It is none.
    """
    read = ipaddress.ip_network(written.strip(), strict=False)
    mapped = getattr(read.network_address, "ipv4_mapped", None)
    return read if mapped is None else ipaddress.ip_network((mapped, read.prefixlen - 96))


def is_too_wide(one: Network) -> bool:
    """Tell whether to block a network would keep out a continent."""
    return one.prefixlen < _WIDEST[one.version]


def of_subscriber(written: str) -> str:
    """Give the network of an address, `203.0.113.0/24`; everything unreadable is one network."""
    read = address(written)
    if read is None:
        return ""
    return str(ipaddress.ip_network((read, _SUBSCRIBERS[read.version]), strict=False))

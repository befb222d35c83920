"""Which network a request comes from, without keeping its address."""

import hmac
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

PREFIX_BITS = 64


def plain_network(address: str) -> str | None:
    """The IPv4 address, or the /64 of the IPv6 address, in one spelling; None where it is no address.

    IPv4-mapped addresses are unwrapped first.
    """
    try:
        found: IPv4Address | IPv6Address = ip_address(address.split("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return str(IPv6Network((int(found) >> PREFIX_BITS << PREFIX_BITS, PREFIX_BITS)))
        found = found.ipv4_mapped
    return str(found)


def hash_network(address: str, key: bytes) -> str | None:
    """The keyed hash that stands for a network, 32 hex digits."""
    network = plain_network(address)
    return None if network is None else hmac.digest(key, network.encode("ascii"), sha256).hex()[:32]

"""Addresses become hashes whose keys live as long as counting needs them; lists say what kind of network it is."""

import hashlib
import ipaddress
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

_KEY_BYTES = 32
KINDS = frozenset({"home", "datacentre", "vpn", "bot"})
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network_of(address: str) -> Network:
    """The client's network: its IPv4 address, or the /64 of its IPv6 address; mapped IPv4 is unwrapped first.

    Raises:
        ValueError: it is no address.
    """
    parsed = ipaddress.ip_address(address.strip().strip("[]").partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return ipaddress.ip_network((parsed, 64), strict=False)
        parsed = parsed.ipv4_mapped
    return ipaddress.ip_network(parsed)


class DailyKeys:
    """One random key a UTC day, in a folder of this user's; destroyed when counting needs it no longer."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder if it is not there."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._known: dict[date, bytes] = {}

    def hash(self, network: Network, at_ms: int, days_before: int = 0) -> str:
        """The hash of a network under the key of the day that an instant lies in, or of a day before it."""
        day = datetime.fromtimestamp(at_ms / 1000, UTC).date() - timedelta(days=days_before)
        return hashlib.blake2b(str(network).encode(), key=self._key(day), digest_size=16).hexdigest()

    def destroy_before(self, day: date) -> int:
        """Destroys the keys of earlier days; what they hashed cannot be linked to anybody again. Says how many."""
        gone = [file for file in self._folder.glob("????-??-??") if date.fromisoformat(file.name) < day]
        for file in gone:
            self._known.pop(date.fromisoformat(file.name), None)
            file.unlink()
        return len(gone)

    def _key(self, day: date) -> bytes:
        if day not in self._known:
            self._known[day] = self._read_or_make(self._folder / day.isoformat())
        return self._known[day]

    def _read_or_make(self, file: Path) -> bytes:
        beside = file.with_name(f".{file.name}.{os.getpid()}")
        if not file.exists():
            beside.write_bytes(os.urandom(_KEY_BYTES))
            beside.chmod(0o600)
            with suppress(FileExistsError):
                os.link(beside, file)
            beside.unlink()
        key = file.read_bytes()
        if len(key) != _KEY_BYTES:
            raise ValueError(f"{file} is no key of ours; remove it, and what it hashed stays without a successor")
        return key


@dataclass(frozen=True, slots=True)
class NetworkLists:
    """What is known of networks, most specific first, and the version of that knowledge."""

    version: str
    kinds: dict[Network, str]
    lengths: tuple[tuple[int, int], ...]

    def kind_of(self, network: Network) -> str:
        """``home``, ``datacentre``, ``vpn`` or ``bot``; ``unknown`` where no list says."""
        for version, length in self.lengths:
            if version == network.version and length <= network.prefixlen:
                kind = self.kinds.get(network.supernet(new_prefix=length))
                if kind is not None:
                    return kind
        return "unknown"


def read_lists(version: str, lines: Iterable[str]) -> NetworkLists:
    """Lines of ``<network> <kind>``, with comments behind ``#``.

    >>> lists = read_lists("2026-11", ["203.0.113.0/24 datacentre  # an example"])
    >>> lists.kind_of(network_of("203.0.113.9")), lists.kind_of(network_of("198.51.100.1"))
    ('datacentre', 'unknown')

    Raises:
        ValueError: a line is in another form.
    """
    kinds: dict[Network, str] = {}
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != 2 or words[1] not in KINDS:
            raise ValueError(f"line {number}: expected a network and one of {', '.join(sorted(KINDS))}")
        kinds[ipaddress.ip_network(words[0])] = words[1]
    lengths = {(network.version, network.prefixlen) for network in kinds}
    return NetworkLists(version, kinds, tuple(sorted(lengths, key=lambda one: -one[1])))

"""Which addresses may be connected to: public ones, and private networks that were named one by one.

A name is resolved once, every address that it has is checked, and the connection goes to one of exactly those: a name
that means another address a moment later (DNS rebinding) gains nothing.
"""

import ipaddress
import socket
from typing import TypeAlias

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
#: Alibaba's, Oracle's and Azure's own: they answer machines with keys, and look public to `ipaddress`.
_METADATA = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "192.0.0.192", "168.63.129.16")))


class AddressRefused(OSError):
    """A host has an address that may not be connected to."""


class AddressGuard:
    """Decides about addresses; `allowed` are the private networks that may be reached."""

    def __init__(self, allowed: tuple[Network, ...] = ()) -> None:
        self._allowed = allowed

    def check(self, text: str) -> None:
        """Raises AddressRefused unless the address is public or allowed."""
        address: Address = ipaddress.ip_address(text.partition("%")[0])
        if not any(address in network for network in self._allowed) and not _is_public(address):
            raise AddressRefused("leads to a private or reserved address")

    def check_host(self, host: str) -> None:
        """The same for a host that is written as an address; other hosts are checked when they are resolved."""
        try:
            ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return
        self.check(host)


class CheckedResolver(AbstractResolver):
    """Resolves names as the system does, and refuses a name when any of its addresses is not allowed."""

    def __init__(self, guard: AddressGuard, resolver: AbstractResolver | None = None) -> None:
        self._guard = guard
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See `AbstractResolver.resolve`. Raises AddressRefused."""
        found = await self._resolver.resolve(host, port, family)
        for one in found:
            self._guard.check(one["host"])
        return found

    async def close(self) -> None:
        """Closes the resolver beneath."""
        await self._resolver.close()


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if inner := _inner(address):
            return _is_public(inner)
        if address.is_site_local:
            return False
    return (
        address.is_global
        and not (address.is_multicast or address.is_reserved or address.is_link_local or address.is_loopback)
        and not address.is_unspecified
        and address not in _METADATA
    )


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that this one leads to, by translation or a tunnel."""
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None

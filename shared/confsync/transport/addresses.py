"""Where calls may go: to public addresses, and to others only where the configuration says so.

A configured address, or one that a vendor's answer names, may lead to what only we can reach from where functions run:
the metadata server with its tokens, or a neighbour in the private network.
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1"})
"""This machine itself, by its address. A name that leads there is another matter: whoever owns it can change it."""

_IPV4_SPECIAL = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments, Oracle's metadata server among them
    IPv4Network("192.88.99.0/24"),  # relays of 6to4, which nobody runs any more: RFC 7526
)
_IPV6_UNICAST = IPv6Network("2000::/3")
"""All that is given out to the internet: https://www.iana.org/assignments/ipv6-address-space"""
_IPV6_SPECIAL = (
    IPv6Network("2002::/16"),  # 6to4: an IPv4 address, perhaps a private one, in an IPv6 one
    IPv6Network("3fff::/20"),  # for documentation: RFC 9637
)
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 addresses as those see them who have only IPv6 (NAT64): RFC 6052"""

_PRIVATE = (
    IPv4Network("10.0.0.0/8"),  # RFC 1918, and the next two
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("100.64.0.0/10"),  # RFC 6598, which Google Cloud takes for subnets, too
    IPv6Network("fc00::/7"),  # RFC 4193
)
"""Of private networks. https://cloud.google.com/vpc/docs/subnets#valid-ranges"""
_METADATA = frozenset({IPv6Address("fd20:ce::254"), IPv6Address("fd00:ec2::254")})
"""Google's and Amazon's metadata servers, which are never a vendor. (By IPv4 they are link-local.)"""

Address = IPv4Address | IPv6Address


class Refused(Exception):
    """A call may not go there. The message says why, without the address."""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Where the calls of one solution may go.

    `private`: into private networks, too; its servers are there. `local`: host and port of addresses of this machine
    itself that are configured as such; to these alone calls may go without TLS.
    """

    private: bool = False
    local: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def configured(cls, *addresses: str | None, private: bool = False) -> "Reach":
        """For calls to these addresses, as they stand in the configuration."""
        found = (_own(each) for each in addresses if each)
        return cls(private=private, local=frozenset(each for each in found if each is not None))

    def allows(self, text: str) -> bool:
        """Whether a connection may be made to that address, which a name leads to."""
        address = _inner(ip_address(text))
        return is_public(address) or (self.private and _is_private(address))


def is_public(address: Address) -> bool:
    """Whether it is one of the internet's.

    `is_global` alone does not tell: in Python 3.11 it is true of multicast, of most of what is reserved in IPv6, and of
    IPv6 addresses that stand for private ones of IPv4. https://github.com/python/cpython/issues/113171
    """
    inner = _inner(address)
    if inner.is_multicast or not inner.is_global:
        return False
    if isinstance(inner, IPv4Address):
        return not any(inner in each for each in _IPV4_SPECIAL)
    return inner in _IPV6_UNICAST and not any(inner in each for each in _IPV6_SPECIAL)


def _is_private(address: Address) -> bool:
    return address not in _METADATA and any(address in each for each in _PRIVATE)


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, or itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _TRANSLATED else address


def _own(url: str) -> tuple[str, int] | None:
    """Host and port, if it is an address of this machine itself."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname in LOOPBACK else None

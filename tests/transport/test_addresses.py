"""Which addresses are public, which are a private network's, and which are neither and never called."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.transport.addresses import Reach, is_public

PUBLIC = ["93.184.216.34", "8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001:80b::200e"]
THE_SAME_BY_IPV6 = ["::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.1.1",
    "100.64.0.1",
    "fd12:3456::1",
    "fc00::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
]
NEVER = [
    "0.0.0.0",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.169.254",  # metadata servers, these three
    "fd20:ce::254",
    "fd00:ec2::254",
    "169.254.1.1",
    "192.0.0.192",
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("text", PUBLIC + THE_SAME_BY_IPV6)
def test_public_addresses_are_called(text: str) -> None:
    assert is_public(ip_address(text))
    assert Reach().allows(text)


@pytest.mark.parametrize("text", PRIVATE)
def test_private_networks_are_called_only_if_the_solution_says_so(text: str) -> None:
    assert not Reach().allows(text)
    assert Reach(private=True).allows(text)


@pytest.mark.parametrize("text", NEVER)
def test_others_are_never_called(text: str) -> None:
    assert not Reach().allows(text)
    assert not Reach(private=True).allows(text)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_the_same_in_ipv6(address: object) -> None:
    for written in (f"::ffff:{address}", f"64:ff9b::{address}"):
        for reach in (Reach(), Reach(private=True)):
            assert reach.allows(written) == reach.allows(str(address))


@given(st.ip_addresses())
def test_nothing_local_is_public(address: object) -> None:
    known = ip_address(str(address))
    local = (known.is_private, known.is_loopback, known.is_link_local, known.is_multicast, known.is_unspecified)
    assert not (is_public(known) and any(local) and getattr(known, "ipv4_mapped", None) is None)


@pytest.mark.parametrize(
    ("urls", "local"),
    [
        (["http://127.0.0.1:8080/api", None, "https://[::1]/"], {("127.0.0.1", 8080), ("::1", 443)}),
        (["http://127.0.0.1/"], {("127.0.0.1", 80)}),
        (["http://localhost:8080", "https://rooms.example", "http://127.0.0.2:1", "http://2130706433:1"], set()),
        (
            ["http://127.0.0.1@rooms.example:80", "http://127.0.0.1.:80", "http://127.0.0.1:port", "http://[::1", ""],
            set(),
        ),
    ],
)
def test_only_addresses_of_this_machine_itself_are_local(urls: list[str | None], local: set[tuple[str, int]]) -> None:
    assert Reach.configured(*urls).local == local

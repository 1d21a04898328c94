"""Where calls really go, on real sockets: names that lead elsewhere, answers that point elsewhere, proxies."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from confsync.domain.errors import Invalid, PermissionDenied, ServiceError, Temporary
from confsync.transport import addresses, connections
from confsync.transport.addresses import Reach
from confsync.transport.session import Session
from tests.transport.wire import OK, here, listening, request, seconds

NAME = "rooms.example"
PUBLIC = "93.184.216.34"
"""Of nobody that a test may reach: where a connection to it would go is noted."""


class Names:
    """What a name leads to, each time it is asked for; the last answer stays."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[list[str]] = []
        self.asked: list[str] = []
        self.called: list[tuple[str, int]] = []
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._found)
        connect = socket.socket.connect

        def noted(connection: socket.socket, address: Any) -> None:
            self.called.append((address[0], address[1]))
            if address[0] == PUBLIC:
                raise ConnectionRefusedError
            connect(connection, address)

        monkeypatch.setattr(socket.socket, "connect", noted)

    def lead_to(self, *answers: list[str]) -> None:
        self.answers = [*answers]

    def _found(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host != NAME:
            return self._real(host, port, *args, **kwargs)
        self.asked.append(host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in addresses
        ]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


def answer(connection: socket.socket) -> None:
    connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")


def refused(session: Session, url: str) -> ServiceError:
    """What becomes of a call that may not go there: it is not repeatable, and yet it is sure that nothing was done."""
    with pytest.raises(PermissionDenied, match="out of reach") as caught:
        session.send(request(url, repeatable=False), seconds(2))
    assert caught.value.__cause__ is None
    assert "token-1234" not in str(caught.value)
    return caught.value


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "localhost",
        "LOCALHOST",
    ],
)
def test_this_machine_is_not_called_in_any_spelling(host: str) -> None:
    received: list[bytes] = []
    with listening(answer, received) as url:
        port = url.rpartition(":")[2]
        for scheme in ("http", "https"):
            for session in (Session(), Session(Reach(private=True))):
                refused(session, f"{scheme}://{host}:{port}/")
    assert received == []


def test_what_is_configured_on_this_machine_is_called_and_nothing_else_there() -> None:
    received: list[bytes] = []
    with listening(answer) as configured, listening(answer, received) as another:
        session = here(configured)
        assert session.send(request(configured), seconds(2)).body == b"{}"
        refused(session, another)
        refused(session, configured.replace("127.0.0.1", "localhost"))
    assert received == []


@pytest.mark.parametrize("url", [f"http://{NAME}/", f"http://{PUBLIC}/", "http://169.254.169.254/computeMetadata/v1/"])
def test_nothing_goes_elsewhere_without_tls(url: str, names: Names) -> None:
    names.lead_to([PUBLIC])
    assert "https" in str(refused(Session(Reach(private=True)), url))
    assert (names.called, names.asked) == ([], [])


def test_the_message_says_what_an_operator_can_do_and_not_where_it_leads(names: Names) -> None:
    names.lead_to(["10.1.2.3"])
    error = refused(Session(), f"https://{NAME}/create?key=private")
    assert f"https://{NAME}" in str(error)
    assert "`private = true`" in str(error)
    assert not any(word in str(error) for word in ("10.1.2.3", "key=private"))


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leads_to", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "fd00:ec2::254", "0.0.0.0"])
def test_a_name_that_leads_inside_is_not_called(names: Names, leads_to: str) -> None:
    names.lead_to([leads_to])
    refused(Session(), f"https://{NAME}/")
    assert names.called == []


def test_of_several_addresses_only_the_public_ones_are_called(names: Names) -> None:
    names.lead_to(["10.0.0.1", PUBLIC, "127.0.0.1", "169.254.169.254"])
    with pytest.raises(Temporary):
        Session().send(request(f"https://{NAME}/", repeatable=False), seconds(2))
    assert names.called == [(PUBLIC, 443)]


def test_a_name_is_asked_for_once_so_that_a_second_answer_changes_nothing(names: Names) -> None:
    """DNS rebinding: whoever owns the name answers first for whoever checks, then for whoever connects."""
    names.lead_to([PUBLIC], ["127.0.0.1"])
    with pytest.raises(Temporary):
        Session().send(request(f"https://{NAME}/"), seconds(2))
    assert (names.called, len(names.asked)) == ([(PUBLIC, 443)], 1)


def test_each_connection_is_checked_anew(names: Names) -> None:
    names.lead_to([PUBLIC], ["127.0.0.1"])
    session = Session()
    with pytest.raises(Temporary):
        session.send(request(f"https://{NAME}/"), seconds(2))
    refused(session, f"https://{NAME}/")


def test_a_private_network_is_called_if_the_solution_says_so(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    names.lead_to([PUBLIC])
    monkeypatch.setattr(addresses, "is_public", lambda _: False)
    monkeypatch.setattr(addresses, "_PRIVATE", (IPv4Network(f"{PUBLIC}/32"),))
    refused(Session(), f"https://{NAME}/")
    with pytest.raises(Temporary):
        Session(Reach(private=True)).send(request(f"https://{NAME}/"), seconds(2))
    assert names.called == [(PUBLIC, 443)]


def test_a_name_whose_servers_do_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: asked.wait(10) and [])
    started = datetime.now(UTC)
    with pytest.raises(Temporary):
        Session().send(request(f"https://{NAME}/", repeatable=False), seconds(0.3))
    assert datetime.now(UTC) - started < timedelta(seconds=2)
    asked.set()


def test_every_address_of_a_name_gets_its_time(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is silent does not use up what the next one needs."""
    given: list[float | None] = []

    def silent(connection: socket.socket, address: Any) -> None:
        given.append(connection.gettimeout())
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", silent)
    names.lead_to([PUBLIC, PUBLIC])
    with pytest.raises(Temporary):
        Session().send(request(f"https://{NAME}/", repeatable=False), seconds(4))
    assert [round(each or 0) for each in given] == [2, 4]


# --- answers that point elsewhere, and proxies -----------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    received: list[bytes] = []
    with listening(answer, received) as elsewhere:

        def redirect(connection: socket.socket) -> None:
            head = f"HTTP/1.1 {status} Elsewhere\r\nLocation: {elsewhere}/\r\nContent-Length: 5\r\n\r\n"
            connection.sendall(head.encode() + b"there")

        with listening(redirect) as url:
            reply = Session(Reach.configured(url, elsewhere)).send(request(url), seconds(2))
    assert (reply.status, reply.body, received) == (status, b"there", [])


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would resolve names itself."""
    asked: list[bytes] = []
    with listening(answer, asked) as proxy, listening(answer) as url:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy)
        assert here(url).send(request(url), seconds(2)).status == 200
        refused(Session(), "https://localhost/")
    assert asked == []


# --- TLS -------------------------------------------------------------------------------------------------------------


def certificate(directory: Path, name: str) -> Path:
    """A file with a key and a certificate of that name, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = directory / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def by_tls(tmp_path: Path, names: Names, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Serves with a certificate of that name; the address by which `NAME` leads there, which may be called."""
    monkeypatch.setattr(addresses, "_PRIVATE", (IPv4Network("127.0.0.0/8"),))
    names.lead_to(["127.0.0.1"])
    opened: list[socket.socket] = []

    def serve(name: str) -> str:
        file = certificate(tmp_path, name)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)

        def run() -> None:
            while True:
                try:
                    with context.wrap_socket(listener.accept()[0], server_side=True) as connection:
                        connection.recv(65536)
                        answer(connection)
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        threading.Thread(target=run, daemon=True).start()
        return f"https://{NAME}:{listener.getsockname()[1]}/"

    yield serve
    for each in opened:
        each.close()


def test_the_certificate_has_to_be_of_the_name_that_was_asked_for(by_tls: Callable[[str], str]) -> None:
    """Though it is an address that is connected to."""
    session = Session(Reach(private=True))
    assert session.send(request(by_tls(NAME)), seconds(3)).body == b"{}"
    with pytest.raises(Temporary, match="SSLCertVerificationError"):
        session.send(request(by_tls("another.example"), repeatable=False), seconds(3))


def test_whoever_never_begins_with_tls_is_not_waited_for() -> None:
    def stay_silent(connection: socket.socket) -> None:
        connection.recv(1)

    with listening(stay_silent) as plain:
        url = plain.replace("http:", "https:")
        started = datetime.now(UTC)
        with pytest.raises(ServiceError):
            here(url).send(request(url), seconds(0.3))
    assert datetime.now(UTC) - started < timedelta(seconds=2)


def test_a_header_can_not_be_broken_into_two() -> None:
    received: list[bytes] = []
    with listening(answer, received) as url:
        for value in ("a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1", "\r\n\r\nGET /"):
            broken = replace(request(url), headers={"X-Title": value})
            with pytest.raises(Invalid):
                here(url).send(broken, seconds(2))
    assert received == []


def test_connections_outlive_their_call_and_not_its_terms() -> None:
    """A kept connection is used under the terms of the call that uses it."""

    def twice(connection: socket.socket) -> None:
        answer(connection)
        connection.recv(65536)
        answer(connection)

    with listening(twice) as url:
        session = here(url)
        assert session.send(request(url), seconds(0.5)).status == 200
        assert session.send(request(url), seconds(5)).status == 200
    assert connections._terms.get(None) is None

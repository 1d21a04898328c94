"""RSA keys with self-signed certificates, as Google has them for its issuers and service accounts, and JWTs."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from google.auth import jwt
from google.auth.crypt import RSASigner


class SigningKey:
    """A fresh 2048-bit key: signs RS256 under `key_id`, verifiable with `certificate` (PEM)."""

    def __init__(self, common_name: str) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.key_id = secrets.token_hex(20)
        self.certificate = _certificate(key, common_name)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        self._signer = RSASigner.from_string(pem, self.key_id)

    def sign(self, message: bytes) -> bytes:
        """Return the PKCS #1 v1.5 signature over SHA-256."""
        return bytes(self._signer.sign(message))

    def sign_jwt(self, claims: Mapping[str, Any]) -> str:
        token: bytes = jwt.encode(self._signer, claims)
        return token.decode()


def read_jwt(token: str) -> dict[str, Any]:
    """Return the claims of a token unverified; raise ValueError if it is none."""
    claims: dict[str, Any] = jwt.decode(token, verify=False)
    return claims


def verify_jwt(token: str, key: SigningKey, audiences: Sequence[str]) -> dict[str, Any]:
    """Return the claims of a token that `key` signed for one of the audiences, now; raise ValueError for any other."""
    claims: dict[str, Any] = jwt.decode(token, certs=key.certificate, audience=list(audiences))
    return claims


def _certificate(key: rsa.RSAPrivateKey, common_name: str) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=16))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()

"""Signatures, tokens and keys. The doorway to cryptography and PyJWT."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

# SHA-1 and MGF1-SHA-1 are what the clients of this scheme send; as an OAEP hash SHA-1 is not broken.
_OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)  # noqa: S303


def signed_jwt(algorithm: str, key: Key | str, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A JWT in the compact form, signed with an RSA key or with the secret itself. ``typ`` is there when it is said."""
    secret = key.private_pem() if isinstance(key, Key) else key
    return jwt.encode(claims, secret, algorithm, headers={"typ": None, **header})


def sha256_base64(text: str) -> str:
    """The SHA-256 of the text's UTF-8, as base64."""
    return base64.b64encode(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()).decode()


class Key:
    """An RSA key pair for tests: what a client encrypts with the public half is read with the private one."""

    def __init__(self, pem: bytes) -> None:
        """Raise ValueError with a sentence when the text is not a private RSA key in PEM."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError("this is not a private key in PEM without a password") from None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError("this is not an RSA key")
        self._key = key

    def private_pem(self) -> bytes:
        """The whole key, in PEM."""
        form, sealed = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return self._key.private_bytes(serialization.Encoding.PEM, form, sealed)

    def public_pem(self) -> bytes:
        """The public half, as SubjectPublicKeyInfo in PEM."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, form)

    def sealed(self, text: str) -> str:
        """The text, encrypted with RSA-OAEP (SHA-1, MGF1-SHA-1), as base64."""
        return base64.b64encode(self._key.public_key().encrypt(text.encode(), _OAEP)).decode()

    def opened(self, sealed: str) -> str | None:
        """What was sealed; None when it was not, or by another padding (PKCS#1 v1.5 is refused)."""
        try:
            return self._key.decrypt(base64.b64decode(sealed, validate=True), _OAEP).decode("utf-8")
        except (ValueError, binascii.Error):
            return None

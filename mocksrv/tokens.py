"""Signatures and keys. The doorway to cryptography."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

# SHA-1 and MGF1-SHA-1 are what the clients of this scheme send; as an OAEP hash SHA-1 is not broken.
_OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)  # noqa: S303


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

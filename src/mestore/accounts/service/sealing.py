"""Keys made from the sign-in secret, one a purpose, and what is sealed or marked with them."""

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Keys:
    """Derives keys by HKDF (RFC 5869), so that no two purposes share one.

    Another sign-in secret makes other keys: sealed texts and digests of before are then worthless.
    """

    secret: str

    def seal(self, user_id: UUID, text: str) -> str:
        """Return `text` encrypted by AES-256-GCM, for this user's row only."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._key("mfa secrets")).encrypt(nonce, text.encode(), user_id.bytes)
        return base64.b64encode(nonce + sealed).decode()

    def unseal(self, user_id: UUID, sealed: str) -> str | None:
        """Return what was sealed for this user; None where the sign-in secret has changed."""
        try:
            packed = base64.b64decode(sealed, validate=True)
            nonce, rest = packed[:NONCE_BYTES], packed[NONCE_BYTES:]
            return AESGCM(self._key("mfa secrets")).decrypt(nonce, rest, user_id.bytes).decode()
        except (InvalidTag, binascii.Error):
            return None

    def digest_of_code(self, user_id: UUID, code: str) -> str:
        """Return what is stored of a backup code."""
        return self._mark("backup codes", user_id.bytes + code.encode())

    def mark_of_password(self, password_hash: str) -> str:
        """Return what tells whether a password has changed since, and nothing else."""
        return self._mark("pending sign-ins", password_hash.encode())

    def digest_of_email(self, email: str) -> str:
        """Return what tells whether two unknown addresses are the same, and nothing else."""
        return self._mark("unknown e-mails", email.encode())

    def _mark(self, purpose: str, message: bytes) -> str:
        return hmac.new(self._key(purpose), message, hashlib.sha256).hexdigest()

    def _key(self, purpose: str) -> bytes:
        if not self.secret:
            raise ValueError("no key can be made without a sign-in secret")
        derivation = HKDF(SHA256(), 32, salt=None, info=f"mestore {purpose}".encode())
        return derivation.derive(self.secret.encode())

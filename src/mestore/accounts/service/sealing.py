"""Keys made from the sign-in secret, one a purpose, and what is sealed or marked with them."""

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mestore.accounts.types import SignInPolicy

NONCE_BYTES = 12
MFA_SECRETS = "mfa secrets"
EXTERNAL_SIGN_INS = "external sign-ins"


@dataclass(frozen=True, slots=True)
class Keys:
    """Derives keys by HKDF (RFC 5869), so that no two purposes share one.

    Another sign-in secret makes other keys: what was sealed or marked before is good as long as
    the secret of before stands among the old ones.
    """

    secret: str
    old_secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, policy: SignInPolicy) -> Self:
        """Return the keys of the operator's secrets."""
        return cls(policy.secret, policy.old_secrets)

    def seal(self, owner_id: UUID, text: str, purpose: str = MFA_SECRETS) -> str:
        """Return `text` encrypted by AES-256-GCM, for the row of this user or thing only."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._key(purpose)).encrypt(nonce, text.encode(), owner_id.bytes)
        return base64.b64encode(nonce + sealed).decode()

    def unseal(self, owner_id: UUID, sealed: str, purpose: str = MFA_SECRETS) -> str | None:
        """Return what was sealed for this row; None where its secret is not known any more."""
        try:
            packed = base64.b64decode(sealed, validate=True)
        except binascii.Error:
            return None
        nonce, rest = packed[:NONCE_BYTES], packed[NONCE_BYTES:]
        for keys in self._all():
            try:
                return AESGCM(keys._key(purpose)).decrypt(nonce, rest, owner_id.bytes).decode()
            except InvalidTag:
                continue
        return None

    def is_current(self, owner_id: UUID, sealed: str) -> bool:
        """Say whether it was the present secret that sealed this."""
        return replace(self, old_secrets=()).unseal(owner_id, sealed) is not None

    def digests_of_code(self, user_id: UUID, code: str) -> list[str]:
        """Return what may be stored of a backup code: by the present secret, and by old ones."""
        return [keys.digest_of_code(user_id, code) for keys in self._all()]

    def is_mark(self, mark: str, password_hash: str) -> bool:
        """Say whether this is the mark of a password, by the present secret or an old one."""
        marks = [keys.mark_of_password(password_hash) for keys in self._all()]
        return any(hmac.compare_digest(mark, each) for each in marks)

    def digests_of_sent_code(self, code_id: UUID, code: str) -> list[str]:
        """Return what may be stored of a one-time code; the first is by the present secret."""
        message = f"{code_id}:{code}".encode()
        return [keys._mark("one-time codes", message) for keys in self._all()]

    def digest_of_code(self, user_id: UUID, code: str) -> str:
        """Return what is stored of a backup code."""
        return self._mark("backup codes", user_id.bytes + code.encode())

    def mark_of_password(self, password_hash: str) -> str:
        """Return what tells whether a password has changed since, and nothing else."""
        return self._mark("pending sign-ins", password_hash.encode())

    def digest_of_email(self, email: str) -> str:
        """Return what tells whether two unknown addresses are the same, and nothing else."""
        return self._mark("unknown e-mails", email.encode())

    def _all(self) -> list["Keys"]:
        return [Keys(secret) for secret in (self.secret, *self.old_secrets)]

    def _mark(self, purpose: str, message: bytes) -> str:
        return hmac.new(self._key(purpose), message, hashlib.sha256).hexdigest()

    def _key(self, purpose: str) -> bytes:
        if not self.secret:
            raise ValueError("no key can be made without a sign-in secret")
        derivation = HKDF(SHA256(), 32, salt=None, info=f"mestore {purpose}".encode())
        return derivation.derive(self.secret.encode())

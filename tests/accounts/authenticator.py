"""A passkey in software: makes and signs what a browser would send (Web Authentication 3)."""

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field, replace
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

# Flags of authenticator data, section 6.1.
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
ES256 = -7


def encoded(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """Return what base64url without padding says."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True)
class Authenticator:
    """One P-256 credential, attested as "none", used at pages of one origin."""

    origin: str = "http://127.0.0.1:8000"
    rp_id: str = "127.0.0.1"
    count: int = 1
    flags: int = PRESENT | VERIFIED
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def but(self, **changes: Any) -> "Authenticator":  # noqa: ANN401  any of its fields
        """Return the same credential that behaves otherwise."""
        return replace(self, **changes)

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return what `navigator.credentials.create(options)` gives."""
        assert options["pubKeyCredParams"][1] == {"type": "public-key", "alg": ES256}
        point = self.key.public_key().public_numbers()
        public = {1: 2, 3: ES256, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        credential = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id
        data = self._data(self.flags | ATTESTED) + credential + cbor2.dumps(public)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._credential(
            clientDataJSON=self._client_data("webauthn.create", options["challenge"]),
            attestationObject=encoded(attestation),
            authenticatorData=encoded(data),
            publicKeyAlgorithm=ES256,
            transports=["internal", "hybrid"],
        )

    def sign(self, options: dict[str, Any], user_handle: str | None = None) -> dict[str, Any]:
        """Return what `navigator.credentials.get(options)` gives."""
        client_data = self._client_data("webauthn.get", options["challenge"])
        data = self._data(self.flags)
        signed = data + hashlib.sha256(decoded(client_data)).digest()
        return self._credential(
            clientDataJSON=client_data,
            authenticatorData=encoded(data),
            signature=encoded(self.key.sign(signed, ec.ECDSA(SHA256()))),
            userHandle=user_handle,
        )

    def _data(self, flags: int) -> bytes:
        site = hashlib.sha256(self.rp_id.encode()).digest()
        return site + bytes([flags]) + self.count.to_bytes(4)

    def _client_data(self, kind: str, challenge: str) -> str:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return encoded(json.dumps(said).encode())

    def _credential(self, **response: object) -> dict[str, Any]:
        return {
            "id": encoded(self.credential_id),
            "rawId": encoded(self.credential_id),
            "type": "public-key",
            "response": response,
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
        }

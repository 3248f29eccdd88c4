"""What authenticators are asked and answer, by the webauthn package.

Imported only where a passkey is made or used: see `passkeys.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, options_to_json_dict, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from mestore.accounts.types import Caller
from mestore.accounts.types.passkeys import Made, PasskeyPolicy

Credential = Mapping[str, Any]


def registration_options(
    policy: PasskeyPolicy, caller: Caller, challenge: bytes, known: Sequence[bytes]
) -> dict[str, Any]:
    """Return the options by which a browser makes a passkey that names its user by itself."""
    options = generate_registration_options(
        rp_id=policy.rp_id,
        rp_name=policy.rp_name,
        user_id=caller.user_id.bytes,
        user_name=caller.email,
        challenge=challenge,
        timeout=_milliseconds(policy),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
    )
    return options_to_json_dict(options)


def sign_in_options(policy: PasskeyPolicy, challenge: bytes) -> dict[str, Any]:
    """Return the options by which a browser signs in with a passkey."""
    options = generate_authentication_options(
        rp_id=policy.rp_id,
        challenge=challenge,
        timeout=_milliseconds(policy),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def challenge_in(credential: Credential) -> bytes:
    """Return the challenge that a credential answers; raises where it is none."""
    packed = base64url_to_bytes(credential["response"]["clientDataJSON"])
    return parse_client_data_json(packed).challenge


def made(policy: PasskeyPolicy, credential: Credential, challenge: bytes) -> Made:
    """Return a new passkey; raises errors of many kinds where it is not to be trusted."""
    verified = verify_registration_response(
        credential=dict(credential),
        expected_challenge=challenge,
        expected_rp_id=policy.rp_id,
        expected_origin=list(policy.origins),
        require_user_verification=True,
    )
    return Made(verified.credential_id, verified.credential_public_key, verified.sign_count)


def counted(
    policy: PasskeyPolicy, credential: Credential, challenge: bytes, public_key: bytes
) -> int:
    """Return the counter of a passkey that signed; raises errors of many kinds where it did not."""
    verified = verify_authentication_response(
        credential=dict(credential),
        expected_challenge=challenge,
        expected_rp_id=policy.rp_id,
        expected_origin=list(policy.origins),
        credential_public_key=public_key,
        # The counter is compared where it is stored, in one statement.
        credential_current_sign_count=0,
        require_user_verification=True,
    )
    return verified.new_sign_count


def _milliseconds(policy: PasskeyPolicy) -> int:
    return int(policy.answer_within.total_seconds() * 1000)

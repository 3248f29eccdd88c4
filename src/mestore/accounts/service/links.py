"""Links: random tokens that are mailed, stored by digest, and work once."""

import secrets
from uuid import UUID

from mestore.accounts.errors.verification import InvalidLinkToken
from mestore.accounts.repository.verification import (
    CredentialRepository,
    LinkRepository,
    LiveLink,
)
from mestore.accounts.service.acts import record
from mestore.accounts.service.tokens import digest_of
from mestore.accounts.types.acts import Act, Subject
from mestore.accounts.types.verification import CodePurpose, LinkPurpose, VerificationPolicy
from mestore.kernel.clock import now
from mestore.kernel.db import Tx

_TOKEN_BYTES = 32
_PATHS = {
    LinkPurpose.VERIFY_EMAIL: "verify-email",
    LinkPurpose.RESET_PASSWORD: "reset-password",
}


class LinkService:
    """Makes links to mail, and takes their tokens back."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.links = LinkRepository(tx.connection)
        self.policy = tx.policy(VerificationPolicy)

    async def make(self, user_id: UUID, purpose: LinkPurpose, address: str) -> str:
        """Return a new link for a mail to `address`, which must go out at once."""
        moment, token = now(), secrets.token_urlsafe(_TOKEN_BYTES)
        is_reset = purpose is LinkPurpose.RESET_PASSWORD
        lasts = self.policy.reset_link_lasts if is_reset else self.policy.verification_link_lasts
        await self.links.add(
            {
                "digest": digest_of(token),
                "user_id": user_id,
                "purpose": purpose,
                "address": address,
                "created_at": moment,
                "expires_at": moment + lasts,
                "spent_at": None,
            }
        )
        return f"{self.policy.storefront_url}/{_PATHS[purpose]}?token={token}"

    async def get_live(self, token: str, purpose: LinkPurpose) -> LiveLink:
        """Return whose link a token is; raises `InvalidLinkToken`."""
        link = await self.links.find_live(digest_of(token), purpose, now())
        if link is None:
            raise InvalidLinkToken()
        return link

    async def spend(self, token: str, purpose: LinkPurpose) -> None:
        """Use a token up, once its user's row is written; raises `InvalidLinkToken`.

        The user comes first, or two links of one user could wait for each other.
        """
        if not await self.links.spend(digest_of(token), purpose, now()):
            raise InvalidLinkToken()

    async def verify_email(self, token: str) -> None:
        """Verify the address that a link was mailed to, if it still is the account's."""
        link = await self.get_live(token, LinkPurpose.VERIFY_EMAIL)
        credentials = CredentialRepository(self.tx.connection)
        if not await credentials.verify(link.user_id, CodePurpose.EMAIL, link.address, now()):
            raise InvalidLinkToken()
        await self.spend(token, LinkPurpose.VERIFY_EMAIL)
        record(self.tx, Act.EMAIL_VERIFIED, Subject.USER, link.user_id)

"""What accounts need from outside."""

from typing import Protocol

from mestore.accounts.types.external import Challenge, ExternalPerson


class IdentityProvider(Protocol):
    """One outside place that says who somebody is.

    `ExternalSignInRefused` says no; `ProviderUnavailable` says that a retry may work.
    """

    @property
    def name(self) -> str:
        """Return what addresses call it."""
        ...

    async def authorization_url(self, challenge: Challenge) -> str:
        """Return where the browser signs in."""
        ...

    async def identify(self, code: str, challenge: Challenge) -> ExternalPerson:
        """Return who came back with `code`, once all that the provider signed was checked."""
        ...

"""The settings of payouts to vendors."""

from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from mestore.settings.addresses import address

WOMPI_PAYOUTS_URL = "https://api.payouts.wompi.co/v1"
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})

Pesos = Annotated[Decimal, Field(ge=0, le=10**9, decimal_places=2)]


class PayoutSettings(BaseSettings):
    """How much is paid out, who approves, who pays; without keys there is no provider."""

    payout_minimum: Pesos = Decimal(10000)
    payout_four_eyes_from: Pesos = Decimal(5_000_000)
    payout_wallet_maximum: Pesos = Decimal(11_024_727)
    payout_cycle: Literal["manual", "daily"] = "manual"
    payout_account_hold_hours: Annotated[int, Field(ge=0, le=720)] = 72

    wompi_payouts_base_url: str = WOMPI_PAYOUTS_URL
    wompi_payouts_api_key: SecretStr | None = None
    wompi_payouts_user_principal_id: str | None = None
    wompi_payouts_events_secret: SecretStr | None = None
    wompi_payouts_account_id: str | None = None

    @field_validator("wompi_payouts_base_url")
    @classmethod
    def check_payouts_address(cls, value: str) -> str | None:
        """Refuse what is no http address; a slash at the end is dropped."""
        return address(value)

    def problems_of_payouts(self) -> list[str]:
        """Return what must be set before production pays vendors, each with what to do."""
        secrets = (self.wompi_payouts_api_key, self.wompi_payouts_events_secret)
        ids = (self.wompi_payouts_user_principal_id, self.wompi_payouts_account_id)
        given = [*secrets, *ids]
        found = []
        if any(given) and not all(given):
            found.append(
                "WOMPI_PAYOUTS_*: set API key, user principal, events secret and account, or none"
            )
        if any(given) and urlsplit(self.wompi_payouts_base_url).hostname in _LOCAL:
            found.append(f"WOMPI_PAYOUTS_BASE_URL: set {WOMPI_PAYOUTS_URL}; this is a simulator")
        if any("simulator" in key.get_secret_value() for key in secrets if key):
            found.append("WOMPI_PAYOUTS_*: set the keys of your Wompi payouts account")
        return found

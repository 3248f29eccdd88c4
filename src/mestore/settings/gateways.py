"""The settings of payment gateways."""

from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

from mestore.payments.types import PaymentMethod
from mestore.settings.addresses import address

SIMULATOR_URL = "http://127.0.0.1:8010/v1"
STRIPE_URL = "https://api.stripe.com"
STRIPE_SIMULATOR_URL = "http://127.0.0.1:8012"


@dataclass(frozen=True, slots=True)
class StripeAccount:
    """Where Stripe is, and what opens an account there."""

    base_url: str
    publishable: str
    secret: str = field(repr=False)
    webhook: str = field(repr=False)


_STRIPE_SIMULATOR = StripeAccount(
    STRIPE_SIMULATOR_URL,
    publishable="pk_test_mestore_simulator",
    secret="sk_test_mestore_simulator",  # noqa: S106  published defaults of a simulator
    webhook="whsec_mestore_simulator",
)


class GatewaySettings(BaseSettings):
    """Addresses and keys of the gateways; one without keys is not offered."""

    wompi_base_url: str = SIMULATOR_URL
    wompi_public_key: str = "pub_test_mestore_simulator"
    wompi_private_key: SecretStr = SecretStr("prv_test_mestore_simulator")
    wompi_events_secret: SecretStr = SecretStr("test_events_mestore_simulator")
    wompi_integrity_secret: SecretStr = SecretStr("test_integrity_mestore_simulator")
    wompi_refund_methods: Annotated[frozenset[PaymentMethod], NoDecode] = frozenset()

    stripe_base_url: str = STRIPE_URL
    stripe_publishable_key: str | None = None
    stripe_secret_key: SecretStr | None = None
    stripe_webhook_secret: SecretStr | None = None

    @field_validator("wompi_refund_methods", mode="before")
    @classmethod
    def split_methods(cls, value: object) -> object:
        """Read methods that are separated by commas."""
        return value.replace(",", " ").split() if isinstance(value, str) else value

    @field_validator("wompi_base_url", "stripe_base_url")
    @classmethod
    def check_gateway_address(cls, value: str) -> str | None:
        """Refuse what is no http address; a slash at the end is dropped."""
        return address(value)

    def stripe_account(self, *, is_development: bool) -> StripeAccount | None:
        """Return the account: as set, or where nothing of it is set the simulator's."""
        publishable, secret = self.stripe_publishable_key, self.stripe_secret_key
        webhook = self.stripe_webhook_secret
        if publishable and secret and webhook:
            return StripeAccount(
                self.stripe_base_url,
                publishable,
                secret.get_secret_value(),
                webhook.get_secret_value(),
            )
        is_bare = not any((publishable, secret, webhook))
        if not (is_bare and is_development):
            return None
        is_elsewhere = self.stripe_base_url != STRIPE_URL
        return replace(
            _STRIPE_SIMULATOR,
            base_url=self.stripe_base_url if is_elsewhere else STRIPE_SIMULATOR_URL,
        )

    def problems_of_gateways(self) -> list[str]:
        """Return what must be set before production takes money, each with what to do."""
        return self._problems_of_wompi() + self._problems_of_stripe()

    def _problems_of_wompi(self) -> list[str]:
        found = []
        if "127.0.0.1" in self.wompi_base_url or "localhost" in self.wompi_base_url:
            found.append("WOMPI_BASE_URL: set https://production.wompi.co/v1; this is a simulator")
        if "simulator" in self.wompi_private_key.get_secret_value():
            found.append("WOMPI_*: set the four keys of your Wompi account")
        return found

    def _problems_of_stripe(self) -> list[str]:
        secret, webhook = self.stripe_secret_key, self.stripe_webhook_secret
        keys = (self.stripe_publishable_key, secret, webhook)
        found = []
        if any(keys) and not all(keys):
            found.append("STRIPE_*: set publishable key, secret key and webhook secret, or none")
        if any(keys) and self.stripe_base_url != STRIPE_URL:
            found.append(f"STRIPE_BASE_URL: set {STRIPE_URL}; this is a simulator")
        if any("simulator" in key.get_secret_value() for key in (secret, webhook) if key):
            found.append("STRIPE_*: set the three keys of your Stripe account")
        return found

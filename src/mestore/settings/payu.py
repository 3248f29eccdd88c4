"""The settings of PayU."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings

from mestore.settings.addresses import address

PAYU_URL = "https://api.payulatam.com"
PAYU_SIMULATOR_URL = "http://127.0.0.1:8013"
# PayU publishes this account for everybody's tests.
_PUBLIC_MERCHANT = "508029"
_PUBLIC_KEY = "4Vj8eK4rloUd272L48hsrarnUA"


@dataclass(frozen=True, slots=True)
class PayUKeys:
    """What opens one account of a merchant, and signs for it."""

    merchant_id: str
    account_id: str
    api_login: str = field(repr=False)
    api_key: str = field(repr=False)


SIMULATOR_KEYS = PayUKeys(
    merchant_id="900001",
    account_id="900002",
    api_login="payu_login_mestore_simulator",
    api_key="payu_key_mestore_simulator",
)


class PayUSettings(BaseSettings):
    """The account; without its four parts PayU is offered in development only."""

    payu_base_url: str = PAYU_SIMULATOR_URL
    payu_merchant_id: str | None = None
    payu_account_id: str | None = None
    payu_api_login: SecretStr | None = None
    payu_api_key: SecretStr | None = None
    payu_signature_algorithm: Literal["MD5", "SHA1", "SHA256"] = "MD5"

    @field_validator("payu_base_url")
    @classmethod
    def check_payu_address(cls, value: str) -> str | None:
        """Refuse what is no http address; a slash at the end is dropped."""
        return address(value)

    def payu_keys(self, *, is_development: bool) -> PayUKeys | None:
        """Return the account: as set, or where nothing of it is set the simulator's."""
        merchant, account = self.payu_merchant_id, self.payu_account_id
        login, key = self.payu_api_login, self.payu_api_key
        if merchant and account and login and key:
            return PayUKeys(merchant, account, login.get_secret_value(), key.get_secret_value())
        is_bare = not any((merchant, account, login, key))
        return SIMULATOR_KEYS if is_bare and is_development else None

    def problems_of_payu(self) -> list[str]:
        """Return what must be set before production takes money, each with what to do."""
        parts = (
            self.payu_merchant_id,
            self.payu_account_id,
            self.payu_api_login,
            self.payu_api_key,
        )
        if not any(parts):
            return []
        found = []
        keys = self.payu_keys(is_development=False)
        if keys is None:
            found.append("PAYU_*: set merchant id, account id, API login and API key, or none")
        elif keys.merchant_id in {_PUBLIC_MERCHANT, SIMULATOR_KEYS.merchant_id}:
            found.append("PAYU_MERCHANT_ID: set the number of your merchant; this one is for tests")
        if keys and (keys.api_key == _PUBLIC_KEY or "simulator" in keys.api_key):
            found.append("PAYU_API_KEY: set the key of your merchant; this one is for tests")
        host = urlsplit(self.payu_base_url).hostname
        if self.payu_base_url != PAYU_URL:
            found.append(f"PAYU_BASE_URL: set {PAYU_URL}; {host} moves no money")
        return found

"""Settings: environment variables or `.env`, with working defaults for development."""

from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AnyHttpUrl, Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from mestore.accounts.types import STAFF, UserType
from mestore.accounts.types.external import ExternalPolicy, OidcClient
from mestore.accounts.types.passkeys import PasskeyPolicy
from mestore.settings.addresses import address
from mestore.settings.bulk import BulkSettings
from mestore.settings.efecty import EfectySettings
from mestore.settings.gateways import GatewaySettings
from mestore.settings.payments import PaymentSettings
from mestore.settings.payouts import PayoutSettings
from mestore.settings.payu import PayUSettings
from mestore.settings.semantic import SemanticSettings
from mestore.settings.storage import StorageSettings
from mestore.settings.writing import WritingSettings

TWILIO_URL = "https://api.twilio.com"


def origin_of(address: str) -> str:
    """Return the origin of an http address as browsers write it (RFC 6454, section 6.2)."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


class Environment(StrEnum):
    """Where the program runs; production refuses what is only good for development."""

    DEVELOPMENT = "development"
    TESTING = "testing"
    PRODUCTION = "production"


class Settings(
    GatewaySettings,
    BulkSettings,
    EfectySettings,
    PaymentSettings,
    PayoutSettings,
    PayUSettings,
    SemanticSettings,
    StorageSettings,
    WritingSettings,
):
    """Everything an operator can set. Secrets print as stars."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore")

    environment: Environment = Environment.DEVELOPMENT
    base_url: str = "http://127.0.0.1:8000"
    storefront_url: str | None = None
    data_dir: Path = Path("var")
    media_dir: Path | None = None
    mail_dir: Path | None = None
    log_level: str = "info"
    cors_origins: Annotated[list[str], NoDecode] = []

    database_url: str | None = None
    database_replica_url: str | None = None
    database_pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    redis_url: str | None = None
    cache_seconds: Annotated[float, Field(ge=0, le=3600)] = 2.0
    jobs_in_server: bool = True
    max_body_bytes: Annotated[int, Field(ge=1024)] = 1024 * 1024

    secret_key: SecretStr | None = None
    secret_keys_old: Annotated[list[SecretStr], NoDecode] = []
    algorithm: str = "HS256"
    access_token_expire_minutes: Annotated[int, Field(ge=1)] = 60
    refresh_token_expire_days: Annotated[int, Field(ge=1)] = 7
    password_hash_concurrency: Annotated[int, Field(ge=1)] = 2
    development_code: bool | None = None

    oidc_providers: list[OidcClient] = []
    oidc_redirect_uris: Annotated[list[str], NoDecode] = []
    metrics_token: SecretStr | None = None

    mfa_issuer_name: Annotated[str, Field(pattern=r"^[^:]{1,60}$")] = "MeStore"
    mfa_required_roles: Annotated[frozenset[UserType] | None, NoDecode] = None
    passkey_rp_id: str | None = None
    passkey_origins: Annotated[list[str], NoDecode] = []

    vendor_auto_approve: bool = True
    prices_include_tax: bool = False
    compare_at_days: Annotated[int, Field(ge=0, le=3650)] = 90
    compare_at_new_days: Annotated[int, Field(ge=0, le=3650)] = 30
    shipping_fee: Annotated[Decimal, Field(ge=0, decimal_places=2)] = Decimal(15000)
    free_shipping_from: Annotated[Decimal, Field(ge=0, decimal_places=2)] = Decimal(200000)
    commission_percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)] = Decimal(5)
    commission_tax_percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)] = Decimal(19)

    release_extra_days: Annotated[int, Field(ge=0, le=60)] = 2
    reserve_percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)] = Decimal(0)
    reserve_days: Annotated[int, Field(ge=0, le=365)] = 30

    smtp_host: str | None = None
    smtp_port: int = 587
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_starttls: bool = True
    mail_keep_days: Annotated[int, Field(ge=7, le=3650)] = 90
    smtp_from: str = "MeStore <no-reply@example.com>"

    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_from: str | None = None
    twilio_base_url: str = TWILIO_URL

    @field_validator(
        "cors_origins",
        "mfa_required_roles",
        "passkey_origins",
        "secret_keys_old",
        "oidc_redirect_uris",
        mode="before",
    )
    @classmethod
    def split_list(cls, value: object) -> object:
        """Read a list whose items are separated by commas."""
        if isinstance(value, str):
            return [item.strip() for item in value.split(",") if item.strip()]
        return value

    @field_validator("passkey_origins")
    @classmethod
    def check_origins(cls, value: list[str]) -> list[str]:
        """Refuse what is no origin; a slash at the end is dropped."""
        return [origin_of(str(AnyHttpUrl(each))) for each in value]

    @field_validator("oidc_providers")
    @classmethod
    def check_names(cls, value: list[OidcClient]) -> list[OidcClient]:
        """Refuse two providers of one name."""
        if len({client.name for client in value}) < len(value):
            raise ValueError("two providers have the same name")
        return value

    @field_validator("base_url", "storefront_url", "twilio_base_url")
    @classmethod
    def check_address(cls, value: str | None) -> str | None:
        """Refuse what is no http address; a slash at the end is dropped."""
        return address(value)

    @property
    def database(self) -> str:
        """The database address: as set, or SQLite under DATA_DIR."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'mestore.db'}"

    @property
    def media(self) -> Path:
        """The folder of pictures that lie on disk."""
        return self.media_dir or self.data_dir / "media"

    @property
    def mail(self) -> Path:
        """Where mails are written while no SMTP server is set."""
        return self.mail_dir or self.data_dir / "mail"

    @property
    def storefront(self) -> str:
        """Where links in mails lead."""
        return self.storefront_url or self.base_url

    @property
    def takes_development_code(self) -> bool:
        """Whether 123456 verifies an address: as set, or everywhere but in production."""
        if self.development_code is None:
            return not self.is_production
        return self.development_code

    @property
    def mfa_roles(self) -> frozenset[UserType]:
        """The roles that need two-step sign-in: as set, or in production those of the staff."""
        if self.mfa_required_roles is None:
            return STAFF if self.is_production else frozenset()
        return self.mfa_required_roles

    @property
    def passkeys(self) -> PasskeyPolicy:
        """Whom passkeys are made for: as set, or the host and the origin of BASE_URL."""
        return PasskeyPolicy(
            rp_id=self.passkey_rp_id or urlsplit(self.base_url).hostname or "localhost",
            rp_name=self.mfa_issuer_name,
            origins=tuple(self.passkey_origins or [origin_of(self.base_url)]),
        )

    @property
    def oidc(self) -> ExternalPolicy:
        """Where browsers may come back to from an outside provider: as set, or to this program."""
        callback = f"{self.base_url}/api/v1/auth/oidc/{{provider}}/callback"
        return ExternalPolicy(tuple(self.oidc_redirect_uris or [callback, self.storefront]))

    @property
    def is_production(self) -> bool:
        """Whether this is production."""
        return self.environment is Environment.PRODUCTION

    @property
    def is_development(self) -> bool:
        """Whether this is development, where simulators stand in for what is not set."""
        return self.environment is Environment.DEVELOPMENT

    def problems(self) -> list[str]:
        """Return what must be set before production starts, each with what to do."""
        if not self.is_production:
            return []
        found = []
        secret = self.secret_key.get_secret_value() if self.secret_key else ""
        if len(secret) < 32:
            found.append(
                "SECRET_KEY: set at least 32 random characters, for instance from "
                "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        return (
            found
            + self._problems_of_keys()
            + self._problems_of_codes()
            + self.problems_of_imports()
            + self.problems_of_gateways()
            + self.problems_of_efecty()
            + self.problems_of_payouts()
            + self.problems_of_payu()
            + self.problems_of_writing()
            + self.problems_of_storage()
        )

    def _problems_of_keys(self) -> list[str]:
        found = []
        if any(len(key.get_secret_value()) < 32 for key in self.secret_keys_old):
            found.append("SECRET_KEYS_OLD: drop the keys of less than 32 characters")
        if self.metrics_token and len(self.metrics_token.get_secret_value()) < 16:
            found.append("METRICS_TOKEN: set at least 16 random characters, or leave it out")
        if any(not client.issuer.startswith("https://") for client in self.oidc_providers):
            found.append("OIDC_PROVIDERS: set issuers that begin with https://")
        return found

    def _problems_of_codes(self) -> list[str]:
        found = []
        if self.takes_development_code:
            found.append("DEVELOPMENT_CODE: leave it out; with it 123456 verifies any address")
        twilio = (self.twilio_account_sid, self.twilio_auth_token, self.twilio_from)
        if any(twilio) and not all(twilio):
            found.append("TWILIO_*: set account SID, auth token and sender, or none of them")
        if any(twilio) and not self.twilio_base_url.startswith("https://"):
            found.append(f"TWILIO_BASE_URL: set {TWILIO_URL}; this is a simulator")
        return found

    def advice(self) -> list[str]:
        """Return what works in production and is seldom meant."""
        if not self.is_production:
            return []
        found = []
        if self.database.startswith("sqlite"):
            found.append("DATABASE_URL: SQLite takes one writer at a time and one machine")
        if self.smtp_host is None:
            found.append("SMTP_HOST: without a mail server mails are only files under MAIL_DIR")
        if self.smtp_host is not None and "example.com" in self.smtp_from:
            found.append("SMTP_FROM: set the address that customers may answer to")
        if not self.twilio_account_sid:
            found.append("TWILIO_*: without an account no SMS is sent, so no phone is verified")
        if self.base_url.startswith("http://127.0.0.1"):
            found.append("BASE_URL: set the public https address of this API")
        return found

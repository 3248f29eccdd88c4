"""Settings: environment variables or `.env`, with working defaults for development."""

from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AnyHttpUrl, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SIMULATOR_URL = "http://127.0.0.1:8010/v1"


class Environment(StrEnum):
    """Where the program runs; production refuses what is only good for development."""

    DEVELOPMENT = "development"
    TESTING = "testing"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """Everything an operator can set. Secrets print as stars."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore")

    environment: Environment = Environment.DEVELOPMENT
    base_url: str = "http://127.0.0.1:8000"
    data_dir: Path = Path("var")
    media_dir: Path | None = None
    mail_dir: Path | None = None
    media_url: str = "/media"
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
    algorithm: str = "HS256"
    access_token_expire_minutes: Annotated[int, Field(ge=1)] = 60
    refresh_token_expire_days: Annotated[int, Field(ge=1)] = 7
    password_hash_concurrency: Annotated[int, Field(ge=1)] = 2

    vendor_auto_approve: bool = True
    prices_include_tax: bool = False
    shipping_fee: Annotated[Decimal, Field(ge=0, decimal_places=2)] = Decimal(15000)
    free_shipping_from: Annotated[Decimal, Field(ge=0, decimal_places=2)] = Decimal(200000)
    commission_percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)] = Decimal(5)
    commission_tax_percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)] = Decimal(19)

    wompi_base_url: str = SIMULATOR_URL
    wompi_public_key: str = "pub_test_mestore_simulator"
    wompi_private_key: SecretStr = SecretStr("prv_test_mestore_simulator")
    wompi_events_secret: SecretStr = SecretStr("test_events_mestore_simulator")
    wompi_integrity_secret: SecretStr = SecretStr("test_integrity_mestore_simulator")

    smtp_host: str | None = None
    smtp_port: int = 587
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_starttls: bool = True
    smtp_from: str = "MeStore <no-reply@example.com>"

    @field_validator("cors_origins", mode="before")
    @classmethod
    def split_origins(cls, value: object) -> object:
        """Read origins as a comma-separated list."""
        if isinstance(value, str):
            return [origin.strip() for origin in value.split(",") if origin.strip()]
        return value

    @field_validator("base_url", "wompi_base_url")
    @classmethod
    def check_address(cls, value: str) -> str:
        """Refuse what is no http address; a slash at the end is dropped."""
        return str(AnyHttpUrl(value)).rstrip("/")

    @property
    def database(self) -> str:
        """The database address: as set, or SQLite under DATA_DIR."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'mestore.db'}"

    @property
    def media(self) -> Path:
        """Where pictures lie."""
        return self.media_dir or self.data_dir / "media"

    @property
    def mail(self) -> Path:
        """Where mails are written while no SMTP server is set."""
        return self.mail_dir or self.data_dir / "mail"

    @property
    def is_production(self) -> bool:
        """Whether this is production."""
        return self.environment is Environment.PRODUCTION

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
        if "127.0.0.1" in self.wompi_base_url or "localhost" in self.wompi_base_url:
            found.append("WOMPI_BASE_URL: set https://production.wompi.co/v1; this is a simulator")
        if "simulator" in self.wompi_private_key.get_secret_value():
            found.append("WOMPI_*: set the four keys of your Wompi account")
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
        if self.base_url.startswith("http://127.0.0.1"):
            found.append("BASE_URL: set the public https address of this API")
        return found

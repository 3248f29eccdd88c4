"""The settings of an own agreement with Efecty."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from mestore.payments.vouchers import CheckDigit, is_gln

SIMULATOR_SECRET = "efecty_mestore_simulator"  # noqa: S105  a published default of a simulator
SIMULATOR_CONVENIO = "990014"
SIMULATOR_GLN = "7700000000002"
SECRET_LENGTH = 16

Pesos = Annotated[Decimal, Field(ge=1, le=10**9, decimal_places=0)]


class EfectySettings(BaseSettings):
    """What the agreement fixes; without a secret Efecty is offered in development only."""

    efecty_secret: SecretStr | None = None
    efecty_convenio: Annotated[str, Field(pattern=r"^[0-9]{4,6}$")] = SIMULATOR_CONVENIO
    efecty_gln: str | None = SIMULATOR_GLN
    efecty_prefix: Annotated[str, Field(pattern=r"^[0-9]{2}$")] = "11"
    efecty_check_digit: CheckDigit = CheckDigit.LUHN
    efecty_amount_digits: Literal[8, 10, 14] = 10
    efecty_minimum: Pesos = Decimal(20_000)
    efecty_maximum: Pesos = Decimal(3_000_000)
    efecty_expiry_hours: Annotated[int, Field(ge=1, le=168)] = 72

    @field_validator("efecty_amount_digits", mode="before")
    @classmethod
    def read_number(cls, value: object) -> object:
        """Read the number that the environment gives as text."""
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    @field_validator("efecty_gln")
    @classmethod
    def check_gln(cls, value: str | None) -> str | None:
        """Refuse a location number whose check digit is wrong; an empty one is none."""
        if value and not is_gln(value):
            raise ValueError("no GLN: 13 digits, the last of them the check digit of the others")
        return value or None

    def efecty_key(self, *, is_development: bool) -> str | None:
        """Return the secret that messages are signed with: as set, or the simulator's."""
        if self.efecty_secret is not None:
            return self.efecty_secret.get_secret_value() or None
        return SIMULATOR_SECRET if is_development else None

    def problems_of_efecty(self) -> list[str]:
        """Return what must be set before production takes cash, each with what to do."""
        secret = self.efecty_key(is_development=False)
        if secret is None:
            return []
        found = []
        if "simulator" in secret or len(secret) < SECRET_LENGTH:
            found.append(f"EFECTY_SECRET: set at least {SECRET_LENGTH} random characters of yours")
        if self.efecty_convenio == SIMULATOR_CONVENIO:
            found.append("EFECTY_CONVENIO: set the number of your agreement")
        if self.efecty_gln == SIMULATOR_GLN:
            found.append("EFECTY_GLN: set the location number of your agreement, or leave it empty")
        if self.efecty_minimum > self.efecty_maximum:
            found.append("EFECTY_MINIMUM: set no more than EFECTY_MAXIMUM")
        return found

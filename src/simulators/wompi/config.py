"""What the simulator is started with, and what may change while it runs."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from simulators.wompi.wire import RefundStatus

PROPERTIES = ("transaction.id", "transaction.status", "transaction.amount_in_cents")


def _case_of(value: object) -> object:
    if isinstance(value, bool):
        return "always" if value else "never"
    return value


Case = Annotated[Literal["never", "always", "alternate"], BeforeValidator(_case_of)]
Seconds = Annotated[float, Field(ge=0)]


class Settings(BaseModel):
    """The behaviour that may change at run time."""

    model_config = ConfigDict(extra="forbid")

    events_url: str | None = None
    resolve_after: Seconds = 1.0
    polls_before_url: Annotated[int, Field(ge=0)] = 1
    repeats: Annotated[int, Field(ge=1)] = 1
    retry_delays: tuple[Seconds, ...] = (2.0, 5.0, 15.0)
    properties: Annotated[tuple[str, ...], Field(min_length=1)] = PROPERTIES
    vary_properties: bool = False
    uppercase: Case = "alternate"
    single_use_acceptance: bool = False
    refund_scenario: RefundStatus | None = None
    """How refunds end that name no scenario themselves."""

    def change(self, changes: dict[str, object]) -> None:
        """Apply all the changes, or none when one of them is not valid."""
        wanted = Settings.model_validate(
            self.model_dump(include=set(Settings.model_fields)) | changes
        )
        for name in changes:
            setattr(self, name, getattr(wanted, name))


class Config(Settings):
    """Everything one simulated merchant account needs to start."""

    public_key: str = "pub_test_mestore_simulator"
    private_key: str = "prv_test_mestore_simulator"
    events_secret: str = "test_events_mestore_simulator"  # noqa: S105 - a published default of a simulator
    integrity_secret: str = "test_integrity_mestore_simulator"  # noqa: S105 - same
    acceptance_ttl: Seconds = 3600.0
    public_url: str | None = None

    def settings(self) -> Settings:
        """Give a fresh copy of the settings this simulator starts with."""
        return Settings(**self.model_dump(include=set(Settings.model_fields)))

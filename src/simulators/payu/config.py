"""What the simulator is started with, and what may change while it runs."""

from pydantic import BaseModel, Field


class Config(BaseModel):
    """One simulated account; these keys open nothing else."""

    merchant_id: str = "900001"
    account_id: str = "900002"
    api_login: str = "payu_login_mestore_simulator"
    api_key: str = "payu_key_mestore_simulator"
    algorithm: str = Field(default="MD5", pattern="^(MD5|SHA1|SHA256)$")
    public_url: str | None = None
    """The address that shoppers see, where it is not the one called."""
    notify_url: str | None = None
    """Where confirmations go instead of the address that each order names."""
    nequi_seconds: float = 300.0
    """How long the app of Nequi takes, by the simulator's own clock."""
    retry_delays: tuple[float, ...] = (2.0, 5.0, 15.0)
    sends: bool = True
    """Whether confirmations leave by themselves."""

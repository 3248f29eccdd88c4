"""The settings of payments: how long things wait, and where fraud screening begins."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

Score = Annotated[int, Field(ge=1, le=100)]


class PaymentSettings(BaseSettings):
    """How long stock and money wait, and from which scores on staff looks or a payment is refused.

    Staff may change the scores later; these are the ones to begin with.
    """

    unpaid_order_minutes: Annotated[int, Field(ge=5, le=1440)] = 30
    pse_order_hours: Annotated[int, Field(ge=1, le=72)] = 24
    cash_order_hours: Annotated[int, Field(ge=1, le=168)] = 72
    cash_grace_hours: Annotated[int, Field(ge=0, le=72)] = 24
    stranded_money_hours: Annotated[int, Field(ge=0, le=720)] = 48

    fraud_review_from: Score = 50
    fraud_refuse_from: Score = 90
    fraud_review_hours: Annotated[int, Field(ge=1, le=168)] = 24
    reviewed_order_hours: Annotated[int, Field(ge=1, le=168)] = 24
    fraud_trace_days: Annotated[int, Field(ge=30, le=730)] = 90

    @model_validator(mode="after")
    def check_scores(self) -> Self:
        """Refuse to refuse what would not even be looked at."""
        if self.fraud_refuse_from < self.fraud_review_from:
            raise ValueError("FRAUD_REFUSE_FROM: set no less than FRAUD_REVIEW_FROM")
        return self

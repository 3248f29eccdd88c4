"""What is answered of proposals."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from mestore.insights.types.proposals import Enrichment, Priority, Source


class ProposalOut(BaseModel):
    """What could be changed of a product, and why; `proposed` is null where only a person knows.

    `source` is MODEL where a language model wrote the proposed text.
    """

    field: str
    code: str
    priority: Priority
    current: Any
    proposed: Any
    reason: str
    evidence: dict[str, Any]
    source: Source


class AdviceOut(BaseModel):
    """All proposals, what matters most first. None of them is applied by itself."""

    product_id: UUID
    proposals: list[ProposalOut]
    compared: int
    enriched: bool
    enrichment: Enrichment

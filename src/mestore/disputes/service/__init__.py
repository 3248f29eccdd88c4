"""The use cases of disputes."""

from mestore.disputes.service.disputes import DisputeService

__all__ = ["DisputeService"]

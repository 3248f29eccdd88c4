"""The use cases of earnings: releasing what was earned, and saying what there is."""

from mestore.earnings.service.release import EarningsService

__all__ = ["EarningsService"]

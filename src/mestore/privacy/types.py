"""The words of privacy."""

from enum import StrEnum


class ExportFormat(StrEnum):
    """How users are written out."""

    CSV = "csv"
    JSON = "json"

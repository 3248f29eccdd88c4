"""What the steps of a job work with, and how they keep what passes between them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from mestore.bulk.ports import FileStore, PictureSource
from mestore.bulk.types import Issue, Job, Record
from mestore.catalog.types import InventoryPolicy, NewVariant, ProductStatus, UpsertRow
from mestore.kernel.db import Database
from mestore.kernel.problems import language
from mestore.media.ports import BlobStore


@dataclass(frozen=True, slots=True)
class Workshop:
    """The database, the private files of jobs, the public pictures and their sources."""

    database: Database
    files: FileStore
    blobs: BlobStore
    pictures: PictureSource


@dataclass(frozen=True, slots=True)
class Planned:
    """A product that was judged and may be written. `is_new` is what it was judged as.

    `images` are sources, each with what it is known by when a file names it again.
    """

    row: int
    last: int
    is_new: bool
    upsert: UpsertRow
    images: tuple[tuple[str, str], ...] = ()

    @property
    def sku(self) -> str:
        """Return the SKU of the product."""
        return self.upsert.fields["sku"]


@dataclass(frozen=True, slots=True)
class PlannedLevel:
    """A level that was judged and may be written."""

    row: int
    last: int
    variant_id: UUID
    location: str
    quantity: int | None
    delta: int | None
    expected: int | None


def folder_of(job_id: UUID) -> str:
    """Return where the files of a job lie."""
    return f"bulk/{job_id.hex}"


def upload_of(job_id: UUID) -> str:
    """Return where the file lies that somebody sent."""
    return f"{folder_of(job_id)}/upload"


def archive_of(job_id: UUID) -> str:
    """Return where the ZIP of pictures lies."""
    return f"{folder_of(job_id)}/pictures.zip"


def chunk_of(job_id: UUID, step: str, chunk: int) -> str:
    """Return where a chunk lies that a step wrote."""
    return f"{folder_of(job_id)}/{step}-{chunk:05}"


@contextmanager
def spoken(job: Job) -> Iterator[None]:
    """Speak the language of who sent the file."""
    token = language.set(job.language)
    try:
        yield
    finally:
        language.reset(token)


def packed_records(records: Sequence[Record]) -> bytes:
    """Return records as bytes."""
    return json.dumps([asdict(record) for record in records]).encode()


def unpacked_records(content: bytes) -> list[Record]:
    """Return what `packed_records` packed."""
    return [
        Record(**{**each, "issues": tuple(Issue(**issue) for issue in each["issues"])})
        for each in json.loads(content)
    ]


def packed_products(planned: Sequence[Planned]) -> bytes:
    """Return judged products as bytes."""
    return json.dumps([asdict(each) for each in planned]).encode()


def unpacked_products(content: bytes) -> list[Planned]:
    """Return what `packed_products` packed."""
    return [_product(each) for each in json.loads(content)]


def packed_levels(planned: Sequence[PlannedLevel]) -> bytes:
    """Return judged levels as bytes."""
    rows = [{**asdict(each), "variant_id": each.variant_id.hex} for each in planned]
    return json.dumps(rows).encode()


def unpacked_levels(content: bytes) -> list[PlannedLevel]:
    """Return what `packed_levels` packed."""
    return [
        PlannedLevel(**{**each, "variant_id": UUID(each["variant_id"])})
        for each in json.loads(content)
    ]


def _product(packed: dict[str, Any]) -> Planned:
    upsert = packed["upsert"]
    fields = upsert["fields"]
    if "status" in fields:
        fields["status"] = ProductStatus(fields["status"])
    variants = tuple(
        NewVariant(**{**each, "inventory_policy": InventoryPolicy(each["inventory_policy"])})
        for each in upsert["variants"]
    )
    return Planned(
        packed["row"],
        packed["last"],
        packed["is_new"],
        UpsertRow(fields, variants, upsert["stock"], upsert["levels"]),
        tuple((source, mark) for source, mark in packed["images"]),
    )

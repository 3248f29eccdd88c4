"""What clients see of jobs."""

from dataclasses import dataclass

from mestore.bulk.types import JobView
from mestore.kernel.paging import PaginationOut


@dataclass(frozen=True, slots=True)
class JobsOut:
    """A page of one's own jobs, the newest first."""

    jobs: list[JobView]
    pagination: PaginationOut

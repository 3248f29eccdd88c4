"""What the endpoints of search ask for."""

from typing import cast

from fastapi import Request

from mestore.search.service.log import SearchLog
from mestore.search.service.vectors import Vectors


def search_log_of(request: Request) -> SearchLog:
    """Return the searches of this process that are not written yet."""
    return cast(SearchLog, request.app.state.search_log)


def vectors_of(request: Request) -> Vectors | None:
    """Return the vectors of the products, where the shop has them."""
    return cast(Vectors | None, request.app.state.vectors)

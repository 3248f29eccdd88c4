"""What search does: finding products, completing words, keeping the index."""

from mestore.search.service.alike import find_alike
from mestore.search.service.asked import Found
from mestore.search.service.explain import ranking_of
from mestore.search.service.facets import facets_of
from mestore.search.service.find import find
from mestore.search.service.fitting import fitting
from mestore.search.service.index import IndexService
from mestore.search.service.popularity import PopularityService
from mestore.search.service.rebuild import build_first, reindex
from mestore.search.service.shared_terms import terms_of
from mestore.search.service.suggest import suggest
from mestore.search.service.vectors import Vectors

__all__ = [
    "Found",
    "IndexService",
    "PopularityService",
    "Vectors",
    "build_first",
    "facets_of",
    "find",
    "find_alike",
    "fitting",
    "ranking_of",
    "reindex",
    "suggest",
    "terms_of",
]

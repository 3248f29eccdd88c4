"""What search does: finding products, completing words, keeping the index."""

from mestore.search.service.facets import facets_of
from mestore.search.service.find import Found, find, matching
from mestore.search.service.index import IndexService, reindex
from mestore.search.service.suggest import suggest

__all__ = ["Found", "IndexService", "facets_of", "find", "matching", "reindex", "suggest"]

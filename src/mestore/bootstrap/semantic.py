"""Search by meaning: what the settings ask for, or nothing."""

from pathlib import Path

from mestore.bootstrap.clients import Clients
from mestore.kernel.breaker import Breaker
from mestore.kernel.db import Database
from mestore.search.adapters.chroma_embedded import ChromaEmbedded
from mestore.search.adapters.chroma_server import ChromaServer
from mestore.search.adapters.hashed import HashedEmbedder
from mestore.search.adapters.onnx import OnnxEmbedder
from mestore.search.adapters.openai import OpenAiEmbedder
from mestore.search.ports import Embedder, VectorStore
from mestore.search.service.vectors import Vectors
from mestore.search.types import AlikePolicy, VectorPolicy
from mestore.settings import Settings


def semantic_policies(settings: Settings) -> tuple[object, ...]:
    """Return whether products have vectors, and how much these count."""
    return (
        VectorPolicy(is_on=settings.is_semantic),
        AlikePolicy(
            settings.semantic_weight,
            settings.semantic_min_similarity,
            settings.semantic_milliseconds / 1000,
        ),
    )


def product_vectors(
    settings: Settings, clients: Clients, breaker: Breaker, database: Database
) -> Vectors | None:
    """Return the vectors of the products where CHROMA_URL or CHROMA_DIR is set."""
    if not settings.is_semantic:
        return None
    return Vectors(database, _embedder(settings, clients), _store(settings, clients), breaker)


def _store(settings: Settings, clients: Clients) -> VectorStore:
    if settings.chroma_url:
        token = settings.chroma_token.get_secret_value() if settings.chroma_token else None
        return ChromaServer(clients.open(), settings.chroma_url, settings.chroma_prefix, token)
    embedded = ChromaEmbedded(settings.chroma_dir or Path(), settings.chroma_prefix)
    clients.closing.append(embedded.close)
    return embedded


def _embedder(settings: Settings, clients: Clients) -> Embedder:
    if settings.embeddings_model_dir:
        return OnnxEmbedder(settings.embeddings_model_dir)
    if settings.embeddings_url and settings.embeddings_model:
        key = settings.embeddings_api_key
        return OpenAiEmbedder(
            clients.open(),
            settings.embeddings_url,
            settings.embeddings_model,
            api_key=key.get_secret_value() if key else None,
            dimension=settings.embeddings_dimension,
        )
    return HashedEmbedder()

"""The settings of search by meaning: where vectors lie, and what makes them."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

from mestore.settings.addresses import address

EXTRA = "the extra `semantic`, which is not installed: pip install 'mestore[semantic]'"


class SemanticSettings(BaseSettings):
    """Without CHROMA_URL and CHROMA_DIR there is no search by meaning, and nothing is loaded."""

    chroma_url: str | None = None
    chroma_token: SecretStr | None = None
    chroma_dir: Path | None = None
    chroma_prefix: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,38}$")] = "mestore"

    embeddings_url: str | None = None
    embeddings_api_key: SecretStr | None = None
    embeddings_model: str | None = None
    embeddings_dimension: Annotated[int | None, Field(ge=8, le=8192)] = None
    embeddings_model_dir: Path | None = None

    semantic_milliseconds: Annotated[int, Field(ge=10, le=5000)] = 150
    semantic_weight: Annotated[float, Field(ge=0, le=10)] = 0.2
    semantic_min_similarity: Annotated[float, Field(ge=0, le=1)] = 0.35

    @field_validator("chroma_url", "embeddings_url")
    @classmethod
    def check_semantic_address(cls, value: str | None) -> str | None:
        """Refuse what is no http address; a slash at the end is dropped."""
        return address(value)

    @model_validator(mode="after")
    def check_semantic(self) -> Self:
        """Refuse two of a kind, half of one, and what needs packages that are not there."""
        if self.chroma_url and self.chroma_dir:
            raise ValueError("set CHROMA_URL or CHROMA_DIR, not both")
        if self.embeddings_url and self.embeddings_model_dir:
            raise ValueError("set EMBEDDINGS_URL or EMBEDDINGS_MODEL_DIR, not both")
        if self.embeddings_url and not self.embeddings_model:
            raise ValueError("EMBEDDINGS_URL needs EMBEDDINGS_MODEL, the model's name there")
        if self.chroma_dir and find_spec("chromadb") is None:
            raise ValueError(f"CHROMA_DIR needs {EXTRA}")
        if self.embeddings_model_dir:
            self._check_model(self.embeddings_model_dir)
        return self

    def _check_model(self, folder: Path) -> None:
        if find_spec("onnxruntime") is None or find_spec("tokenizers") is None:
            raise ValueError(f"EMBEDDINGS_MODEL_DIR needs {EXTRA}")
        for name in ("model.onnx", "tokenizer.json"):
            if not (folder / name).is_file():
                raise ValueError(f"EMBEDDINGS_MODEL_DIR: {folder} has no {name}")

    @property
    def is_semantic(self) -> bool:
        """Whether products have vectors."""
        return bool(self.chroma_url or self.chroma_dir)

"""What the settings of search by meaning ask for, refuse, and load."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mestore import bootstrap
from mestore.search.adapters.chroma_embedded import ChromaEmbedded
from mestore.search.adapters.chroma_server import ChromaServer
from mestore.search.adapters.hashed import HashedEmbedder
from mestore.search.adapters.onnx import OnnxEmbedder
from mestore.search.adapters.openai import OpenAiEmbedder
from mestore.settings import Settings
from tests.search.tiny_model import write_model

CHROMA = {"chroma_url": "http://127.0.0.1:9"}
SERVICE = {"embeddings_url": "http://127.0.0.1:9/v1", "embeddings_model": "small"}


def settings(**values: Any) -> Settings:  # noqa: ANN401  any setting
    """Return settings that read no environment file."""
    return Settings(_env_file=None, **values)


async def test_each_setting_brings_its_own_adapter(tmp_path: Path) -> None:
    write_model(tmp_path, {"rojo": (1.0, 0.0)})
    folder = {"chroma_dir": tmp_path / "chroma"}
    model = {"embeddings_model_dir": tmp_path}
    for values, store, embedder in (
        (CHROMA, ChromaServer, HashedEmbedder),
        (folder, ChromaEmbedded, HashedEmbedder),
        (CHROMA | SERVICE, ChromaServer, OpenAiEmbedder),
        (folder | model, ChromaEmbedded, OnnxEmbedder),
    ):
        app = bootstrap.build(settings(data_dir=tmp_path, **values))
        assert app.vectors is not None
        assert (type(app.vectors.store), type(app.vectors.embedder)) == (store, embedder)
        await app.close()
    app = bootstrap.build(settings(data_dir=tmp_path, **SERVICE))
    assert app.vectors is None
    await app.close()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        (CHROMA | {"chroma_dir": Path("x")}, "CHROMA_DIR"),
        (SERVICE | {"embeddings_model_dir": Path("x")}, "EMBEDDINGS_MODEL_DIR"),
        ({"embeddings_url": "http://127.0.0.1:9"}, "EMBEDDINGS_MODEL"),
        ({"embeddings_model_dir": Path("nowhere")}, "model.onnx"),
        ({"chroma_url": "chroma"}, "chroma_url"),
        ({"chroma_prefix": "two.parts"}, "chroma_prefix"),
    ],
)
def test_what_cannot_be_used_is_said_by_name(values: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        settings(**values)


@pytest.mark.parametrize("name", ["chroma_dir", "embeddings_model_dir"])
def test_what_needs_the_extra_names_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where the packages are not installed: they are looked for and not found.
    monkeypatch.setattr("mestore.settings.semantic.find_spec", lambda _: None)
    with pytest.raises(ValidationError, match=r"mestore\[semantic\]"):
        settings(**{name: tmp_path})


@pytest.mark.slow
def test_starting_loads_none_of_the_extra_packages(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from mestore import bootstrap; "
        "from mestore.main import create_app; from mestore.settings import Settings; "
        f"folder = Path({str(tmp_path)!r}); "
        "create_app(bootstrap.build(Settings(_env_file=None, data_dir=folder, "
        "chroma_dir=folder / 'chroma'))); "
        "loaded = {'chromadb', 'onnxruntime', 'tokenizers'} & set(sys.modules); "
        "assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)  # noqa: S603  our own program
    assert done.returncode == 0, done.stderr

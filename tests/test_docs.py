"""What the documents name exists: paths, commands, links and settings."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import AliasChoices, BaseModel, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).parents[1]
GUIDES = ["README.md", "AGENTS.md"]
AGENTS_LINES = 150
# A path is named from the root, or from the sources as `orders/service.py`.
BASES = [ROOT, ROOT / "src", ROOT / "src" / "mestore"]
PATH_ENDS = (".py", ".md", ".toml", ".lock", ".json", ".yml", ".yaml", ".sh", ".html", ".example")
FENCE = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


def read(name: str) -> str:
    path = ROOT / name
    assert path.is_file(), f"{name} is missing"
    return path.read_text(encoding="utf-8")


def looks_like_a_path(word: str) -> bool:
    """True for `src/x`, `tests/`, `orders/service.py` and `uv.lock`; not for `/url` or `a/b`."""
    if not re.fullmatch(r"[\w.*-]+(/[\w.*-]+)*/?", word) or word.startswith("*."):
        return False
    first = word.split("/")[0]
    if first in generated():
        return False
    if "/" not in word:
        # A bare `service.py` is a word for one file in every room, not a path.
        return word.endswith(PATH_ENDS) and not word.endswith(".py")
    return word.endswith(("/", *PATH_ENDS)) or any((base / first).exists() for base in BASES)


def generated() -> set[str]:
    """What the repository never holds: the names git ignores."""
    return {line.strip("/") for line in read(".gitignore").split() if not line.startswith("#")}


def exists(word: str) -> bool:
    if "*" in word:
        return any(next(base.glob(word.rstrip("/")), None) for base in BASES)
    return any((base / word).exists() for base in BASES)


def commands(text: str) -> Iterator[str]:
    """Everything written as code: the fenced blocks and the spans between backticks."""
    yield from (match.group(0) for match in FENCE.finditer(text))
    yield from SPAN.findall(FENCE.sub("", text))


def anchors(text: str) -> set[str]:
    """The heading anchors of a page as GitHub makes them, a repeated one with its number."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")
        repeats = sum(1 for seen in found if re.fullmatch(rf"{re.escape(slug)}(-\d+)?", seen))
        found.add(f"{slug}-{repeats}" if repeats else slug)
    return found


def environment_names(model: type[BaseModel], prefix: str = "") -> Iterator[set[str]]:
    """One set of accepted environment names for each setting, groups included."""
    config = model.model_config
    own = str(config.get("env_prefix", "")) if issubclass(model, BaseSettings) else ""
    nested = str(config.get("env_nested_delimiter") or "__")
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            group = "" if issubclass(kind, BaseSettings) else f"{prefix}{own}{name}{nested}"
            yield from environment_names(kind, group)
        elif isinstance(field.validation_alias, AliasChoices):
            yield {str(choice).upper() for choice in field.validation_alias.choices}
        else:
            yield {str(field.validation_alias or f"{prefix}{own}{name}").upper()}


@pytest.mark.parametrize("guide", GUIDES)
def test_every_path_a_guide_names_exists(guide: str) -> None:
    spans = SPAN.findall(FENCE.sub("", read(guide)))
    words = {word for span in spans for word in span.split()}
    assert [word for word in sorted(words) if looks_like_a_path(word) and not exists(word)] == []


@pytest.mark.parametrize("guide", GUIDES)
def test_every_make_command_a_guide_names_is_a_target(guide: str) -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", read("Makefile"), re.MULTILINE))
    named = {
        word for code in commands(read(guide)) for word in re.findall(r"\bmake ([a-z][\w-]*)", code)
    }
    assert named - targets == set()


def test_the_readme_says_how_to_start_and_how_to_test() -> None:
    written = "\n".join(commands(read("README.md")))
    assert "make demo" in written
    assert "make test" in written


def test_agents_md_stays_short() -> None:
    assert len(read("AGENTS.md").splitlines()) <= AGENTS_LINES


def test_every_internal_link_resolves() -> None:
    pages = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]
    dead = []
    for page in pages:
        text = FENCE.sub("", page.read_text(encoding="utf-8"))
        for link in LINK.findall(SPAN.sub("", text)):
            if re.match(r"[a-z][a-z0-9+.-]*:", link):
                continue
            place, _, anchor = link.partition("#")
            target = (page.parent / place) if place else page
            if not target.exists() or (
                anchor and target.suffix == ".md" and anchor not in anchors(target.read_text())
            ):
                dead.append(f"{page.relative_to(ROOT)}: {link}")
    assert dead == []


def test_the_example_environment_and_the_settings_agree() -> None:
    lines = re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", read(".env.example"), re.MULTILINE)
    settings = list(environment_names(importlib.import_module("mestore.settings").Settings))
    assert sorted(lines) == sorted(set(lines)), "a setting is listed twice"
    assert set(lines) - set().union(*settings) == set(), "not a setting"
    assert [names for names in settings if not names & set(lines)] == [], "not in .env.example"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("src/mestore/kernel/db.py", True),
        ("kernel/db.py", True),
        ("nowhere/service.py", True),
        ("nowhere/", True),
        ("tests/nothing", True),
        ("pyproject.toml", True),
        ("docs/adr/*.md", True),
        ("service.py", False),
        ("/products/search", False),
        ("application/json", False),
        ("http://127.0.0.1:8000/docs", False),
        (".venv/bin/pytest", False),
        ("var/", False),
        ("*.eml", False),
    ],
)
def test_paths_are_told_from_other_words(word: str, expected: bool) -> None:
    assert looks_like_a_path(word) is expected


def test_anchors_are_those_of_github() -> None:
    text = "# Starting it\n\n## `make demo`, step by step\n\n## Notes\n\n## Notes\n"
    assert anchors(text) == {"starting-it", "make-demo-step-by-step", "notes", "notes-1"}


def test_settings_are_known_by_their_environment_names() -> None:
    class Mail(BaseModel):
        host: str = ""

    class Shop(BaseSettings):
        model_config = SettingsConfigDict(env_prefix="SHOP_")
        currency: str = "COP"

    class Sample(BaseSettings):
        model_config = SettingsConfigDict(env_nested_delimiter="_")
        database_url: str = ""
        key: str = Field("", validation_alias="SECRET_KEY")
        bell: str = Field("", validation_alias=AliasChoices("REDIS_URL", "BELL_URL"))
        smtp: Mail = Mail()
        shop: Shop = Shop()

    assert list(environment_names(Sample)) == [
        {"DATABASE_URL"},
        {"SECRET_KEY"},
        {"REDIS_URL", "BELL_URL"},
        {"SMTP_HOST"},
        {"SHOP_CURRENCY"},
    ]

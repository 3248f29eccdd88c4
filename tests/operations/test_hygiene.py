"""What every answer carries, what browsers may ask from elsewhere, and that no cookie is used."""

import re
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from mestore import bootstrap
from mestore.main import create_app
from mestore.settings import Environment, Settings
from tests.build import PASSWORD, Build
from tests.conftest import AsUser

ROOT = Path(__file__).parents[2]
SHOP = "https://shop.example.com"
STRICT = "default-src 'none'; frame-ancestors 'none'"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The settings of a program that one shop's browsers may call."""
    return settings.model_copy(update={"cors_origins": [SHOP]})


async def test_every_answer_has_its_security_headers(client: httpx2.AsyncClient) -> None:
    for path in ("/products", "/auth/me", "/nowhere", "/openapi.json", "/health", "/users"):
        headers = (await client.get(path)).headers
        assert headers["content-security-policy"] == STRICT, path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "camera=()" in headers["permissions-policy"]
        assert "strict-transport-security" not in headers


async def test_the_page_of_the_api_document_may_load_what_it_needs(
    client: httpx2.AsyncClient,
) -> None:
    page = await client.get("/docs")
    policy = page.headers["content-security-policy"]
    sources = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert page.status_code == 200
    assert (sources["default-src"], sources["frame-ancestors"]) == ("'none'", "'none'")
    for kind, pattern in (
        ("script-src", r'<script src="(https://[^/"]+)'),
        ("style-src", r'rel="stylesheet" href="(https://[^/"]+)'),
        ("img-src", r'rel="shortcut icon" href="(https://[^/"]+)'),
    ):
        (origin,) = re.findall(pattern, page.text)
        assert origin in sources[kind].split()


@pytest.mark.parametrize(
    ("environment", "base_url", "expected"),
    [
        (Environment.PRODUCTION, "https://api.example.com", "max-age=31536000"),
        (Environment.PRODUCTION, "http://api.example.com", None),
        (Environment.TESTING, "https://api.example.com", None),
    ],
)
async def test_browsers_are_held_to_https_in_production_over_https_only(
    tmp_path: Path, environment: Environment, base_url: str, expected: str | None
) -> None:
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path,
        environment=environment,
        base_url=base_url,
        secret_key=SecretStr("a secret of the tests, 32 characters or more"),
    )
    program = bootstrap.build(settings)
    transport = httpx2.ASGITransport(create_app(program, with_jobs=False))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        headers = (await client.get("/health")).headers
    assert headers.get("strict-transport-security") == expected
    await program.close()


async def test_what_is_private_is_stored_by_no_cache(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    headers = await as_user(await build.user())
    assert "no-store" not in (await client.get("/products")).headers.get("cache-control", "")
    for path, sent in (
        ("/auth/me", {}),
        ("/auth/health", {}),
        ("/auth/nowhere", {}),
        ("/products", headers),
        ("/products", {"X-API-Key": "no key"}),
        ("/cart", {"Session-ID": "guest-12345678"}),
        ("/cart", headers),
    ):
        answer = await client.get(path, headers=sent)
        assert answer.headers.get_list("cache-control") == ["no-store"], path


async def test_the_shop_s_browsers_may_ask_and_no_others(client: httpx2.AsyncClient) -> None:
    asked = {
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization, idempotency-key, if-match",
    }
    allowed = await client.options("/auth/me", headers={"Origin": SHOP, **asked})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == SHOP
    assert "PUT" in allowed.headers["access-control-allow-methods"]
    assert "authorization" in allowed.headers["access-control-allow-headers"].lower()
    for origin in ("https://evil.example.com", f"{SHOP}.evil.example.com", "null", SHOP.upper()):
        foreign = await client.options("/auth/me", headers={"Origin": origin, **asked})
        assert foreign.status_code == 400
        assert "access-control-allow-origin" not in foreign.headers
        read = await client.get("/products", headers={"Origin": origin})
        assert "access-control-allow-origin" not in read.headers
    read = await client.get("/products", headers={"Origin": SHOP})
    assert read.headers["access-control-allow-origin"] == SHOP
    assert "ETag" in read.headers["access-control-expose-headers"]
    for answer in (allowed, read):
        assert "access-control-allow-credentials" not in answer.headers


async def test_no_cookie_is_asked_for_by_the_api_document(app: FastAPI) -> None:
    document = app.openapi()
    schemes = document["components"]["securitySchemes"].values()
    assert {scheme.get("in", "header") for scheme in schemes} == {"header"}
    parameters = [
        parameter
        for operations in document["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", [])
    ]
    assert {parameter["in"] for parameter in parameters} == {"header", "path", "query"}


async def test_no_answer_sets_a_cookie_and_none_signs_anybody_in(
    client: httpx2.AsyncClient, build: Build
) -> None:
    user = await build.user()
    body = {"email": user.email, "password": PASSWORD}
    answers = [await client.post("/auth/login", json=body)]
    token = answers[0].json()["access_token"]
    refresh = {"refresh_token": answers[0].json()["refresh_token"]}
    cookies = {"Cookie": f"access_token={token}; Authorization=Bearer {token}; session={token}"}
    answers += [
        await client.get("/auth/me", headers=cookies),
        await client.get("/cart", headers={"Session-ID": "guest-12345678"}),
        await client.get("/docs"),
        await client.get("/nowhere"),
        await client.post("/auth/refresh", json=refresh),
    ]
    assert answers[1].status_code == 401
    assert [answer.headers.get("set-cookie") for answer in answers] == [None] * len(answers)


SECRET_NAMES = r"\w*(?:digest|token|secret|signature|checksum|mark|nonce)"
COMPARED = re.compile(rf"\b{SECRET_NAMES}\s*(?:==|!=)|(?:==|!=)\s*(?:\w+\.)*{SECRET_NAMES}\b(?!\()")
# In SQL the index finds the row: what is compared there is a digest of 256 random bits.
IN_SQL = {"repository", "views"}


def test_secrets_are_compared_in_constant_time() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / "src" / "mestore").rglob("*.py"))
        if not IN_SQL & {*path.parts, path.stem}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if COMPARED.search(line) and not line.lstrip().startswith("#")
    ]
    assert found == []

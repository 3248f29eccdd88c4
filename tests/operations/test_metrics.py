"""Metrics: what is counted, under which labels, and who may read it."""

import re
from collections.abc import Callable

import httpx2
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY
from pydantic import SecretStr

from mestore.operations import metrics
from mestore.settings import Settings
from tests.accounts.two_step import enable, first_step, second_step
from tests.build import PASSWORD, Build
from tests.conftest import AsUser

TOKEN = "a token of the tests for metrics"
Since = Callable[..., float]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The settings of a program whose metrics may be read from elsewhere."""
    return settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})


@pytest.fixture
def since() -> Since:
    """`since("name", label="value")`: how much a counter has grown in this test."""
    before = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
    }

    def grown(name: str, **labels: str) -> float:
        value = REGISTRY.get_sample_value(name, labels) or 0.0
        return value - before.get((name, *sorted(labels.items())), 0.0)

    return grown


async def test_requests_are_counted_by_route_template(
    client: httpx2.AsyncClient, since: Since, build: Build, as_user: AsUser
) -> None:
    headers = await as_user(await build.user())
    route = "/api/v1/auth/sessions/{session_id}"
    for session in ("0190e0c4-0000-7000-8000-000000000000", "no-id"):
        await client.delete(f"/auth/sessions/{session}", headers=headers)
    await client.get("/health")
    await client.get("http://test/health")
    labels = {"method": "DELETE", "route": route}
    assert since("http_requests_total", **labels, status="404") == 2
    assert since("http_request_duration_seconds_count", **labels) == 2
    for path in ("/api/v1/health", "/health"):
        assert since("http_requests_total", method="GET", route=path, status="200") == 1


async def test_what_strangers_make_up_becomes_no_label(
    client: httpx2.AsyncClient, since: Since
) -> None:
    await client.get("/made-up/0001")
    await client.get("http://test/media/made-up.png")
    await client.request("BREW", "/products")
    assert since("http_requests_total", method="GET", route="unmatched", status="404") == 1
    assert since("http_requests_total", method="GET", route="/media", status="404") == 1
    assert "made-up" not in metrics.text().decode()
    assert "BREW" not in metrics.text().decode()
    methods = set(re.findall(r'http_requests_total\{method="(\w+)"', metrics.text().decode()))
    assert "OTHER" in methods


async def test_sign_ins_are_counted_by_way_and_failures_by_reason(
    client: httpx2.AsyncClient, since: Since, build: Build
) -> None:
    user = await build.user()
    suspended = await build.user(is_active=False)
    for email, password in (
        (user.email, PASSWORD),
        (user.email, "wrong"),
        (suspended.email, PASSWORD),
        ("no address", "wrong"),
    ):
        await client.post("/auth/login", json={"email": email, "password": password})
    await client.post("/auth/admin-login", json={"email": user.email, "password": PASSWORD})
    for status in ("200", "401", "403", "422"):
        assert since("auth_requests_total", method="password", status=status) == 1
    assert since("auth_requests_total", method="admin_password", status="401") == 1
    assert since("failed_login_attempts_total", reason="invalid_credentials") == 2
    assert since("failed_login_attempts_total", reason="account_suspended") == 1
    assert since("failed_login_attempts_total", reason="invalid_request") == 1


async def test_uses_of_the_second_factor_are_counted(
    client: httpx2.AsyncClient, since: Since, build: Build, as_user: AsUser
) -> None:
    user = await build.user()
    phone = await enable(client, await as_user(user))
    token = await first_step(client, user.email)
    await second_step(client, token, code=phone.wrong())
    assert since("mfa_usage_total", action="enable") == 1
    assert since("mfa_usage_total", action="verify") == 1
    assert since("auth_requests_total", method="mfa", status="401") == 1
    assert since("failed_login_attempts_total", reason="invalid_mfa_code") == 1


def from_elsewhere(app: FastAPI) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app, client=("203.0.113.5", 1))
    return httpx2.AsyncClient(transport=transport, base_url="http://test/api/v1")


async def test_metrics_are_read_on_this_machine_or_with_the_token(
    client: httpx2.AsyncClient, app: FastAPI
) -> None:
    here = await client.get("/metrics")
    assert here.status_code == 200
    assert here.headers["content-type"].startswith("text/plain")
    assert "# TYPE http_requests_total counter" in here.text
    async with from_elsewhere(app) as outside:
        right = await outside.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert right.status_code == 200
        for given in ({}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": TOKEN}):
            assert (await outside.get("/metrics", headers=given)).status_code == 401
        app.state.metrics_token = None
        assert (await outside.get("/metrics")).status_code == 404
    proxied = await client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.5"})
    assert proxied.status_code == 404

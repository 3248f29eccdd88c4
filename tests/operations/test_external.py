"""Health of the services outside: whether they can be reached, and whether they are called."""

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from mestore import bootstrap
from mestore.accounts.types import UserType
from mestore.kernel.breaker import Breaker
from mestore.kernel.neighbours import Neighbour, Neighbourhood, NeighbourKind
from mestore.payments.adapters.payu import PayUGateway
from mestore.payments.errors import NotSubmitted
from mestore.settings import Settings
from tests.build import Build
from tests.conftest import AsUser

GATEWAY = NeighbourKind.GATEWAY


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
async def staff(build: Build, as_user: AsUser) -> Mapping[str, str]:
    return await as_user(await build.user(UserType.ADMIN))


def at(name: str, port: int, kind: NeighbourKind = GATEWAY) -> Neighbour:
    return Neighbour.at(name, kind, f"http://127.0.0.1:{port}/v1")


async def health(client: httpx2.AsyncClient, staff: Mapping[str, str]) -> dict[str, Any]:
    answer = await client.get("/health/external", headers=staff)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_a_service_is_ok_while_somebody_listens_and_down_when_nobody_does(
    app: FastAPI,
    client: httpx2.AsyncClient,
    staff: Mapping[str, str],
    listener: socket.socket,
    tmp_path: Path,
) -> None:
    port = listener.getsockname()[1]
    now = [0.0]
    around = (
        at("wompi", port),
        Neighbour("sql", NeighbourKind.SEARCH),
        Neighbour("disk", NeighbourKind.STORAGE, folder=tmp_path / "not" / "there" / "yet"),
    )
    app.state.neighbourhood = Neighbourhood(around, monotonic=lambda: now[0])

    found = await health(client, staff)
    assert found["status"] == "ok"
    wompi, sql, disk = found["services"]
    assert (wompi["status"], wompi["address"]) == ("ok", f"127.0.0.1:{port}")
    assert wompi["response_time_ms"] > 0
    assert wompi["circuits"]["CARD"] == "CLOSED"
    assert wompi["abilities"] == {
        "refunds": ["CARD"],
        "partial_refunds": [],
        "lists_transactions": True,
        "tells_disputes": False,
    }
    for local in (sql, disk):
        assert (local["status"], local["address"], local["abilities"]) == ("ok", None, None)

    listener.close()
    # It is known for half a minute, whoever asks how often.
    assert (await health(client, staff))["status"] == "ok"
    now[0] = 31.0
    found = await health(client, staff)
    assert found["status"] == "degraded"
    assert [each["status"] for each in found["services"]] == ["down", "ok", "ok"]


async def test_a_service_is_not_tried_again_within_half_a_minute(listener: socket.socket) -> None:
    listener.settimeout(5)
    around = Neighbourhood([at("wompi", listener.getsockname()[1])])
    for _ in range(3):
        [seen] = await around.look()
        assert seen.is_reachable
    listener.accept()[0].close()
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.accept()


async def test_a_gateway_that_fails_is_degraded_by_method(
    app: FastAPI,
    client: httpx2.AsyncClient,
    staff: Mapping[str, str],
    listener: socket.socket,
) -> None:
    app.state.neighbourhood = Neighbourhood([at("wompi", listener.getsockname()[1])])
    breaker: Breaker = app.state.breaker
    for _ in range(5):
        with pytest.raises(NotSubmitted), breaker.guard(("wompi", "PSE"), (NotSubmitted,)):
            raise NotSubmitted

    found = await health(client, staff)

    [wompi] = found["services"]
    assert found["status"] == wompi["status"] == "degraded"
    assert (wompi["circuits"]["PSE"], wompi["circuits"]["CARD"]) == ("OPEN", "CLOSED")


async def test_a_folder_that_is_a_file_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "media"
    [seen] = await Neighbourhood([Neighbour("disk", NeighbourKind.STORAGE, folder=folder)]).look()
    assert not seen.is_reachable


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, {"mail files", "sms log"}),
        (
            {
                "smtp_host": "mail.example.com",
                "twilio_account_sid": "AC0",
                "twilio_auth_token": "t",
                "twilio_from": "+573000000000",
            },
            {"smtp", "twilio"},
        ),
    ],
)
async def test_what_the_settings_name_is_watched(
    tmp_path: Path, values: dict[str, Any], names: set[str]
) -> None:
    program = bootstrap.build(Settings(_env_file=None, data_dir=tmp_path, **values))
    watched = {each.name: each for each in program.neighbourhood.neighbours}
    assert watched.keys() == {*program.gateways, "sql", "disk"} | names
    assert program.gateways.keys() == {"wompi", "stripe", "payu", "efecty"}
    assert watched[PayUGateway.code].port == 8013
    assert watched["efecty"].host is None
    await program.close()


@pytest.mark.parametrize(
    ("values", "watched"),
    [
        ({"media_store": "s3", "s3_bucket": "b"}, ("s3", "s3.us-east-1.amazonaws.com", 443)),
        (
            {"media_store": "s3", "s3_bucket": "b", "s3_endpoint": "http://minio:9000"},
            ("s3", "minio", 9000),
        ),
        (
            {
                "media_store": "cloudinary",
                "cloudinary_cloud_name": "c",
                "cloudinary_api_key": "k",
                "cloudinary_api_secret": "s",
            },
            ("cloudinary", "api.cloudinary.com", 443),
        ),
        ({"chroma_url": "http://chroma:8100"}, ("chroma", "chroma", 8100)),
    ],
)
async def test_stores_outside_are_watched_where_they_are_set_up(
    tmp_path: Path, values: dict[str, Any], watched: tuple[str, str, int]
) -> None:
    program = bootstrap.build(Settings(_env_file=None, data_dir=tmp_path, **values))
    found = {each.name: each for each in program.neighbourhood.neighbours}
    name, host, port = watched
    assert (found[name].host, found[name].port) == (host, port)
    assert "sql" in found
    assert ("disk" in found) is ("media_store" not in values)
    await program.close()

"""Days at the ends of the calendar, which no clock reaches."""

from fastapi import FastAPI

from tests.security.asking import ask
from tests.security.world import Kind, World

QUERIES = ("to=0001-01-01", "from=0001-01-01&to=0001-01-02", "to=9999-12-31", "from=9999-12-31")


async def test_a_period_outside_of_all_records_is_malformed(app: FastAPI, world: World) -> None:
    headers = world.headers[Kind.ADMIN]
    for query in QUERIES:
        answer = await ask("GET", f"/api/v1/users/analytics?{query}", headers).of(app)
        assert (answer.status, answer.json()["code"]) == (422, "VALIDATION_FAILED")

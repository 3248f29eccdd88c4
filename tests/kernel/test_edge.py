"""The edge over a real app: ids, languages, limits, and errors that give nothing away."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from mestore.kernel.http import Edge
from tests.kernel.web import LIMIT, PROBLEM, make_app, problem


async def test_a_good_request_id_is_echoed(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/plain", headers={"X-Request-ID": "trace_1234.ab-CD"})
    assert answer.headers["x-request-id"] == "trace_1234.ab-CD"


@pytest.mark.parametrize(
    "given", ["short", "x" * 65, "has space 123", "inj\\nected1", "ñandúñandú"]
)
async def test_a_bad_request_id_is_replaced(web: httpx2.AsyncClient, given: str) -> None:
    answer = await web.get("/plain", headers={b"X-Request-ID": given.encode()})
    made = answer.headers["x-request-id"]
    assert made != given
    assert len(made) == 16
    assert made != (await web.get("/plain")).headers["x-request-id"]


@pytest.mark.parametrize("path", ["/plain", "/nowhere", "/break", "/refuse"])
async def test_every_answer_has_its_security_headers(web: httpx2.AsyncClient, path: str) -> None:
    headers = (await web.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/plain/", "/plain//", "/plain?x=1", "/plain/?x=1"])
async def test_a_trailing_slash_answers_alike_without_a_redirect(
    web: httpx2.AsyncClient, path: str
) -> None:
    answer = await web.get(path)
    assert (answer.status_code, answer.json()["path"]) == (200, "/plain")


async def test_the_root_is_itself(web: httpx2.AsyncClient) -> None:
    assert (await web.get("/")).json() == "root"
    assert (await web.get("//")).json() == "root"


async def test_a_trailing_slash_also_works_for_other_methods(web: httpx2.AsyncClient) -> None:
    assert (await web.post("/raw/", content=b"12345")).json() == 5


async def test_what_is_not_there_is_404(web: httpx2.AsyncClient) -> None:
    problem(await web.get("/nowhere"), 404, "NOT_FOUND")
    problem(await web.get("/nowhere/at/all/"), 404, "NOT_FOUND")


async def test_a_wrong_method_is_405_and_says_which_are_right(web: httpx2.AsyncClient) -> None:
    answer = await web.put("/refuse")
    problem(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize(
    "path", ["/things/12", "/things/none", "/numbers/one", "/numbers/1.5", "/numbers/%00"]
)
async def test_an_id_that_is_none_is_404(web: httpx2.AsyncClient, path: str) -> None:
    problem(await web.get(path), 404, "NOT_FOUND")


async def test_a_refusal_is_a_problem(web: httpx2.AsyncClient) -> None:
    problem(await web.get("/refuse"), 403, "FORBIDDEN")


async def test_a_bug_is_500_without_a_leak_and_is_logged_once(web: httpx2.AsyncClient) -> None:
    with capture_logs() as logs:
        answer = await web.get("/break")
    problem(answer, 500, "INTERNAL_ERROR")
    for leak in ("hunter2", "SELECT", "/srv", "RuntimeError", "Traceback"):
        assert leak not in answer.text
    (logged,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert logged["event"] == "unhandled_error"
    assert isinstance(logged["exc_info"], RuntimeError)


@pytest.mark.parametrize(
    ("language", "detail"),
    [
        ("es", "Tu cuenta no puede hacer esto."),
        ("es-CO,es;q=0.9,en;q=0.8", "Tu cuenta no puede hacer esto."),
        ("ES", "Tu cuenta no puede hacer esto."),
        ("en", "Your account may not do this."),
        ("fr", "Your account may not do this."),
        (None, "Your account may not do this."),
    ],
)
async def test_problems_speak_the_language_that_is_asked_for(
    web: httpx2.AsyncClient, language: str | None, detail: str
) -> None:
    headers = {} if language is None else {"Accept-Language": language}
    assert (await web.get("/refuse", headers=headers)).json()["detail"] == detail


@pytest.mark.parametrize("status", [400, 404, 405, 413, 415, 429, 500, 503])
async def test_errors_of_the_framework_are_problems_too(
    web: httpx2.AsyncClient, status: int
) -> None:
    answer = await web.get(f"/http/{status}")
    shown = answer.json()
    assert answer.headers["content-type"] == PROBLEM
    assert (answer.status_code, shown["status"]) == (status if status != 400 else 422,) * 2
    assert shown["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/body"), ("POST", "/raw"), ("DELETE", "/body")]
)
async def test_a_body_over_the_limit_is_413(
    web: httpx2.AsyncClient, method: str, path: str
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 400

    announced: bytes | AsyncIterator[bytes] = b"x" * (LIMIT + 1)
    for content in (announced, chunks()):
        answer = await web.request(
            method, path, content=content, headers={"Content-Type": "application/json"}
        )
        shown = problem(answer, 413, "BODY_TOO_LARGE")
        assert shown["details"] == {"limit_bytes": LIMIT}


async def test_a_body_at_the_limit_is_taken(web: httpx2.AsyncClient) -> None:
    assert (await web.post("/raw", content=b"x" * LIMIT)).json() == LIMIT


async def test_a_length_that_is_a_lie_does_not_pass_the_limit() -> None:
    answers: list[Message] = []
    sent = 0

    async def receive() -> Message:
        nonlocal sent
        sent += 1
        return {"type": "http.request", "body": b"x" * 400, "more_body": True}

    async def send(message: Message) -> None:
        answers.append(message)

    for length in (b"10", b"-1", b"1_0", b"\xb2", b"ten", b"", b"9" * 500):
        answers.clear()
        sent = 0
        await make_app()(_post("/raw", length), receive, send)
        assert answers[0]["status"] == 413
        assert sent <= 3


def _post(path: str, length: bytes) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-length", length)],
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
    }


async def test_an_error_after_the_answer_has_begun_ends_the_connection() -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("half way")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    with pytest.raises(RuntimeError, match="half way"):
        await Edge(half, body_limit=LIMIT)(_post("/", b"0"), receive, send)
    assert [message["type"] for message in sent] == ["http.response.start"]


async def test_the_caller_s_address_is_the_one_of_the_server(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/plain", headers={"X-Forwarded-For": "6.6.6.6"})
    assert answer.json()["ip"] == "127.0.0.1"

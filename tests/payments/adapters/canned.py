"""A server that answers what no simulator would: one raw answer for each method and path."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Canned:
    """What is answered, and what was asked. A POST that drips is answered byte by byte."""

    answers: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""
    drips: bool = False

    def answer(self, request: str, status: str, body: str, *headers: str) -> None:
        """Say what `GET /path` gets."""
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", *headers, "", body]
        self.answers[request] = "\r\n".join(lines).encode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        method, path, _ = head.split(" ", 2)
        length = next(
            (line.split(":")[1] for line in head.splitlines() if line.startswith("content-length")),
            "0",
        )
        await reader.readexactly(int(length))
        asked = f"{method.upper()} {path}"
        self.asked.append(asked)
        answer = self.answers[asked.partition("?")[0]]
        step = 1 if self.drips and method == "post" else len(answer)
        for start in range(0, len(answer), step):
            writer.write(answer[start : start + step])
            await writer.drain()
            await asyncio.sleep(0.02 if self.drips else 0)
        writer.close()


@asynccontextmanager
async def canned() -> AsyncIterator[Canned]:
    """Serve on a free port for as long as the block lasts."""
    made = Canned()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await made.serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server:
        yield made

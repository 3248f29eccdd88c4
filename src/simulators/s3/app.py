"""A simulated bucket that anybody reads and who has the keys writes: as much as obstore speaks.

Formats: docs.aws.amazon.com/AmazonS3/latest/API, signatures as in its "Signature Version 4".
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from fastapi import FastAPI, Request
from fastapi.responses import Response

from simulators.faults import Faults, fault_routes

# What is deleted by POST is named in the body.
OPERATIONS = {"PUT": "put", "GET": "get", "HEAD": "get", "DELETE": "delete", "POST": "delete"}
KEPT_HEADERS = ("content-type", "cache-control")
_XML = '<?xml version="1.0" encoding="UTF-8"?>'
_KEYS = re.compile(r"<Key>([^<]*)</Key>")
_CREDENTIALS = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>[^,]+), ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Account:
    """The bucket, and the keys that the simulator takes."""

    bucket: str = "mestore-simulator"
    key_id: str = "AKIAMESTORESIMULATOR"
    secret: str = field(default="s3_mestore_simulator", repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """An object: its bytes, and the headers it is served with."""

    content: bytes
    headers: Mapping[str, str]


@dataclass(slots=True)
class State:
    """The objects by their keys, how often each was written, and the faults to come."""

    objects: dict[str, Kept] = field(default_factory=dict)
    writes: dict[str, int] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)

    def reset(self) -> None:
        """Go back to how it was just after the start."""
        self.objects.clear()
        self.writes.clear()
        self.faults.clear()

    def shown(self) -> dict[str, object]:
        """Return what there is."""
        return {"files": sorted(self.objects), "writes": self.writes}


def create_app(account: Account | None = None) -> FastAPI:
    """Build the bucket and its control surface."""
    state = State()
    kept_by = account or Account()
    app = FastAPI(title="The S3 simulator")
    app.include_router(fault_routes("s3", state.faults, state.reset, state.shown))

    @app.api_route("/{bucket}", methods=["POST"])
    @app.api_route("/{bucket}/{key:path}", methods=["PUT", "GET", "HEAD", "DELETE"])
    async def call(bucket: str, request: Request, key: str = "") -> Response:
        operation = OPERATIONS[request.method]
        body = await request.body()
        is_reading = operation == "get" and "authorization" not in request.headers
        if not is_reading and not _is_signed(kept_by, request, body):
            return _error(403, "SignatureDoesNotMatch")
        if bucket != kept_by.bucket:
            return _error(404, "NoSuchBucket")
        if fault := await state.faults.before(operation, request):
            return fault
        answer = _act(state, operation, key, request, body)
        return await state.faults.after(operation, request) or answer

    return app


def _act(state: State, operation: str, key: str, request: Request, body: bytes) -> Response:
    if operation == "put":
        given = {name: request.headers.get(name, "") for name in KEPT_HEADERS}
        dated = given | {"last-modified": format_datetime(datetime.now(UTC), usegmt=True)}
        state.objects[key] = Kept(body, dated | {"etag": f'"{hashlib.sha256(body).hexdigest()}"'})
        state.writes[key] = state.writes.get(key, 0) + 1
        return Response(headers={"etag": state.objects[key].headers["etag"]})
    if operation == "delete":
        keys = [key] if key else _KEYS.findall(body.decode())
        for each in keys:
            state.objects.pop(each, None)
        return _deleted(keys) if request.method == "POST" else Response(status_code=204)
    found = state.objects.get(key)
    if found is None:
        return _error(404, "NoSuchKey")
    return Response(found.content, headers=dict(found.headers))


def _is_signed(account: Account, request: Request, body: bytes) -> bool:
    """Check a header of Signature Version 4 over the whole request."""
    parts = _CREDENTIALS.fullmatch(request.headers.get("authorization", ""))
    digest = hashlib.sha256(body).hexdigest()
    is_whole = request.headers.get("x-amz-content-sha256") == digest
    if parts is None or parts["key"] != account.key_id or not is_whole:
        return False
    names = parts["headers"].split(";")
    lines = [f"{name}:{request.headers.get(name, '').strip()}\n" for name in names]
    path = request.scope["raw_path"].decode()
    # A parameter without a value is signed as an empty one.
    query = "&".join(
        sorted(one if "=" in one else f"{one}=" for one in request.url.query.split("&") if one)
    )
    canonical = [request.method, path, query, "".join(lines), parts["headers"], digest]
    hashed = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
    moment = request.headers.get("x-amz-date", "")
    text = f"AWS4-HMAC-SHA256\n{moment}\n{parts['scope']}\n{hashed}"
    key = f"AWS4{account.secret}".encode()
    for step in parts["scope"].split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    return secrets.compare_digest(
        hmac.digest(key, text.encode(), "sha256").hex(), parts["signature"]
    )


def _deleted(keys: list[str]) -> Response:
    told = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
    return Response(f"{_XML}<DeleteResult>{told}</DeleteResult>", media_type="application/xml")


def _error(status: int, code: str) -> Response:
    body = f"{_XML}<Error><Code>{code}</Code></Error>"
    return Response(body, status, media_type="application/xml")

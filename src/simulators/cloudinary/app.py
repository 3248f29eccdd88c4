"""The simulated Cloudinary: upload, destroy and delivery of one account, without transformations.

Formats: cloudinary.com/documentation/image_upload_api_reference and /authentication_signatures.
"""

import hashlib
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile

from simulators.faults import Faults, fault_routes

LARGEST_BYTES = 10 * 1024 * 1024
SIGNATURE_SECONDS = 3600
DELIVERED = "public, no-transform, immutable, max-age=2592000"
UNSIGNED = frozenset({"file", "cloud_name", "resource_type", "api_key", "signature"})
_VERSION = re.compile(r"v[0-9]+/")


@dataclass(frozen=True, slots=True)
class Account:
    """The credentials that the simulator takes."""

    cloud_name: str = "mestore-simulator"
    api_key: str = "000000000008016"
    api_secret: str = field(default="cloudinary_mestore_simulator", repr=False)


@dataclass(slots=True)
class State:
    """The pictures by their public ids, how often each was written, and the faults to come."""

    images: dict[str, bytes] = field(default_factory=dict)
    writes: dict[str, int] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)

    def reset(self) -> None:
        """Go back to how it was just after the start."""
        self.images.clear()
        self.writes.clear()
        self.faults.clear()

    def shown(self) -> dict[str, object]:
        """Return what there is."""
        return {"files": sorted(f"{each}.webp" for each in self.images), "writes": self.writes}


def create_app(account: Account | None = None) -> FastAPI:
    """Build the API, the delivery and the control surface of one account."""
    state = State()
    account = account or Account()
    app = FastAPI(title="The Cloudinary simulator")
    app.include_router(fault_routes("cloudinary", state.faults, state.reset, state.shown))
    app.include_router(_api(account, state), prefix=f"/v1_1/{account.cloud_name}/image")
    app.include_router(_delivery(state), prefix=f"/{account.cloud_name}/image/upload")
    return app


def signature(parameters: Mapping[str, str], secret: str, length: int) -> str:
    """Return the SHA-1 (40 digits) or SHA-256 (64 digits) signature over what is signed."""
    joined = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters))
    digest = hashlib.sha256 if length == 64 else hashlib.sha1
    return digest(f"{joined}{secret}".encode()).hexdigest()


def _api(account: Account, state: State) -> APIRouter:
    router = APIRouter()

    @router.post("/upload")
    async def upload(request: Request) -> Response:
        fields, content = await _form(request)
        if refusal := _refusal(account, fields) or _refused_content(content):
            return refusal
        if fault := await state.faults.before("put", request):
            return fault
        answer = JSONResponse(_kept(account, state, fields.get("public_id"), content))
        return await state.faults.after("put", request) or answer

    @router.post("/destroy")
    async def destroy(request: Request) -> Response:
        fields, _ = await _form(request)
        if refusal := _refusal(account, fields):
            return refusal
        if fault := await state.faults.before("delete", request):
            return fault
        gone = state.images.pop(fields.get("public_id", ""), None)
        answer = JSONResponse({"result": "not found" if gone is None else "ok"})
        return await state.faults.after("delete", request) or answer

    return router


def _delivery(state: State) -> APIRouter:
    router = APIRouter()

    @router.get("/{path:path}")
    async def deliver(path: str, request: Request) -> Response:
        if fault := await state.faults.before("get", request):
            return fault
        public_id, _, suffix = _VERSION.sub("", path, count=1).rpartition(".")
        content = state.images.get(public_id)
        if content is None or suffix != "webp":
            return Response(status_code=404, headers={"X-Cld-Error": "Resource not found"})
        return Response(content, media_type="image/webp", headers={"Cache-Control": DELIVERED})

    return router


async def _form(request: Request) -> tuple[dict[str, str], bytes]:
    """Return the fields of a form, and the content of its file."""
    async with request.form() as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        file = form.get("file")
        return fields, await file.read() if isinstance(file, UploadFile) else b""


def _refusal(account: Account, fields: Mapping[str, str]) -> Response | None:
    given, moment = fields.get("signature", ""), fields.get("timestamp", "")
    signed = {name: value for name, value in fields.items() if name not in UNSIGNED}
    if fields.get("api_key") != account.api_key:
        return _error(401, "Invalid api_key")
    if not secrets.compare_digest(given, signature(signed, account.api_secret, len(given))):
        text = "&".join(f"{name}={signed[name]}" for name in sorted(signed))
        return _error(401, f"Invalid Signature {given}. String to sign - '{text}'.")
    if not moment.isdigit() or time.time() - int(moment) > SIGNATURE_SECONDS:
        return _error(400, "Stale request - reported time is more than 1 hour ago")
    return None


def _refused_content(content: bytes) -> Response | None:
    if not content:
        return _error(400, "Missing required parameter - file")
    if len(content) > LARGEST_BYTES:
        most = f"Maximum is {LARGEST_BYTES}."
        return _error(400, f"File size too large. Got {len(content)}. {most}")
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return _error(400, "Invalid image file")
    return None


def _kept(account: Account, state: State, wanted: str | None, content: bytes) -> dict[str, object]:
    public_id, version = wanted or secrets.token_hex(10), int(time.time())
    state.images[public_id] = content
    state.writes[public_id] = state.writes.get(public_id, 0) + 1
    parts = {"public_id": public_id, "version": str(version)}
    return {
        "public_id": public_id,
        "version": version,
        "signature": signature(parts, account.api_secret, 40),
        "format": "webp",
        "resource_type": "image",
        "type": "upload",
        "bytes": len(content),
    }


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": {"message": message}}, status, {"X-Cld-Error": message})

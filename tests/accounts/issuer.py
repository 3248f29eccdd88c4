"""A real OpenID Connect issuer for tests, which can be told to misbehave."""

import base64
import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from jwt.algorithms import RSAAlgorithm

from simulators.local import serving

CLIENT_ID = "mestore tests"
CLIENT_SECRET = "a client's secret: /+&%"

Claims = dict[str, Any]


def new_key() -> RSAPrivateKey:
    """Make a signing key."""
    return generate_private_key(65537, 2048)


@dataclass
class Issuer:
    """What the issuer says next; a test changes fields, and `reset` forgets that."""

    url: str = ""
    key: RSAPrivateKey = field(default_factory=new_key)
    kid: str = "first"
    person: Claims = field(default_factory=dict)
    wrong: Claims = field(default_factory=dict)
    algorithm: str = "RS256"
    signs_with: Any = None
    is_down: bool = False
    methods: list[str] = field(default_factory=lambda: ["client_secret_basic"])
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def reset(self) -> None:
        """Behave again, for a new person."""
        self.person = {"sub": "subject-1", "email": "ana@example.com", "email_verified": True}
        self.person |= {"given_name": "Ana", "family_name": "Ejemplo"}
        self.wrong = {}
        self.algorithm, self.signs_with, self.is_down = "RS256", None, False
        self.methods = ["client_secret_basic"]
        self.codes.clear()
        self.calls.clear()

    def keys(self) -> list[Claims]:
        """Return the public keys."""
        jwk: Claims = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return [jwk | {"kid": self.kid, "use": "sig", "alg": "RS256"}]

    def id_token(self, nonce: str) -> str:
        """Return what is said of the person, signed; `wrong` claims win, None leaves one out."""
        claims: Claims = {"iss": self.url, "aud": CLIENT_ID, "nonce": nonce}
        claims |= {"iat": int(time.time()), "exp": int(time.time()) + 300, **self.person}
        claims |= self.wrong
        said = {name: value for name, value in claims.items() if value is not None}
        key = self.signs_with or self.key
        if self.algorithm == "none":
            return jwt.encode(said, "", algorithm="none", headers={"kid": self.kid})
        return jwt.encode(said, key, algorithm=self.algorithm, headers={"kid": self.kid})

    def is_client(self, request: Request, form: dict[str, str]) -> bool:
        """Say whether the client proves itself in the way that the issuer asks for."""
        if "client_secret_basic" not in self.methods:
            given = (form.get("client_id"), form.get("client_secret"))
            return given == (CLIENT_ID, CLIENT_SECRET)
        scheme, _, packed = request.headers.get("authorization", "").partition(" ")
        user, _, password = base64.b64decode(packed).decode().partition(":")
        return (scheme, unquote(user), unquote(password)) == ("Basic", CLIENT_ID, CLIENT_SECRET)

    def answer_for(self, request: Request, form: dict[str, str]) -> Response:
        """Answer for a code, once: it needs the same redirect_uri and the PKCE verifier."""
        if not self.is_client(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        begun = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            begun is None
            or form["grant_type"] != "authorization_code"
            or begun["code_challenge"] != challenge
            or begun["redirect_uri"] != form["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"token_type": "Bearer", "id_token": self.id_token(begun["nonce"])})


def create_app(issuer: Issuer) -> FastAPI:
    """Return the issuer's HTTP side."""
    app = FastAPI(title="issuer")

    @app.middleware("http")
    async def down(request: Request, go_on: Any) -> Response:  # noqa: ANN401  starlette's own
        issuer.calls.append(request.url.path)
        answer: Response = JSONResponse({}, 502) if issuer.is_down else await go_on(request)
        return answer

    @app.get("/.well-known/openid-configuration")
    async def discovery() -> Claims:
        addresses = {
            "authorization_endpoint": f"{issuer.url}/authorize?tenant=1",
            "token_endpoint": f"{issuer.url}/token",
            "jwks_uri": f"{issuer.url}/keys",
        }
        methods = {"token_endpoint_auth_methods_supported": issuer.methods}
        return {"issuer": issuer.url, **addresses, **methods}

    @app.get("/keys")
    async def keys() -> Claims:
        return {"keys": issuer.keys()}

    @app.get("/authorize")
    async def authorize(request: Request) -> Response:
        asked = dict(request.query_params)
        wanted = {"response_type": "code", "client_id": CLIENT_ID, "code_challenge_method": "S256"}
        if not wanted.items() <= asked.items() or "openid" not in asked["scope"].split():
            return JSONResponse({"error": "invalid_request"}, 400)
        code = secrets.token_urlsafe(8)
        issuer.codes[code] = asked
        query = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", 302)

    @app.post("/token")
    async def token(request: Request) -> Response:
        body = (await request.body()).decode()
        form = dict(part.split("=", 1) for part in body.split("&"))
        plain = {name: unquote(value.replace("+", " ")) for name, value in form.items()}
        return issuer.answer_for(request, plain)

    return app


@contextmanager
def running() -> Iterator[Issuer]:
    """Serve an issuer from a thread."""
    issuer = Issuer()
    with serving(create_app(issuer)) as url:
        issuer.url = url
        issuer.reset()
        yield issuer

"""Any OpenID Connect provider, known by its issuer alone: the rest is read by discovery."""

import base64
import hashlib
import hmac
import re
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import httpx2
import jwt
import structlog
from jwt.types import Options
from pydantic import ValidationError

from mestore.accounts.adapters.oidc_wire import Claims, Discovery, KeySet, TokenAnswer, Wire
from mestore.accounts.errors.external import ExternalSignInRefused, ProviderUnavailable
from mestore.accounts.types import checked_email
from mestore.accounts.types.external import Challenge, ExternalPerson, OidcClient
from mestore.kernel.clock import now
from mestore.kernel.errors import Unavailable
from mestore.kernel.remembered import Remembered

log = structlog.get_logger(__name__)

# Public keys only: with HS… the provider's public key would be taken for a shared secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
KEY_TYPES = {"RSA", "EC", "OKP"}
KEPT_SECONDS = 3600.0
WAIT_SECONDS = 10.0
LEEWAY_SECONDS = 60
NAME_LENGTH = 100
# Expiry is checked against kernel.clock; PyJWT would ask the system's clock.
_CHECKS: Options = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "require": ["iss", "sub", "aud", "exp", "iat", "nonce"],
}
Answer = TypeVar("Answer", bound=Wire)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class OidcProvider:
    """Signs in by authorization code with PKCE (RFC 7636), and believes only signed id_tokens."""

    def __init__(self, client: OidcClient, http: httpx2.AsyncClient) -> None:
        self._client = client
        self._http = http
        self._discovery = Remembered(self._discover, seconds=KEPT_SECONDS)
        self._keys = Remembered(self._fetch_keys, seconds=KEPT_SECONDS)

    @property
    def name(self) -> str:
        """Return what addresses call it."""
        return self._client.name

    async def authorization_url(self, challenge: Challenge) -> str:
        """Return where the browser signs in."""
        found = await _latest(self._discovery)
        query = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": challenge.redirect_uri,
            "scope": self._client.scopes,
            "state": challenge.state,
            "nonce": challenge.nonce,
            "code_challenge": challenge_of(challenge.verifier),
            "code_challenge_method": "S256",
        }
        address = found.authorization_endpoint
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"

    async def identify(self, code: str, challenge: Challenge) -> ExternalPerson:
        """Return who came back with `code`, once all that the provider signed was checked."""
        found = await _latest(self._discovery)
        id_token = await self._exchange(found, code, challenge)
        claims = await self._verify(id_token, challenge.nonce)
        return _person(claims)

    async def _exchange(self, found: Discovery, code: str, challenge: Challenge) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": challenge.redirect_uri,
            "code_verifier": challenge.verifier,
        }
        identity = (self._client.client_id, self._client.client_secret.get_secret_value())
        auth: tuple[str, str] | None = None
        if "client_secret_basic" in found.token_endpoint_auth_methods_supported:
            # RFC 6749, section 2.3.1: both are form-encoded first.
            auth = (quote(identity[0], safe=""), quote(identity[1], safe=""))
        else:
            form |= {"client_id": identity[0], "client_secret": identity[1]}
        answer = await self._call("POST", found.token_endpoint, data=form, auth=auth)
        if answer.status_code == 400:
            log.info("oidc_code_refused", provider=self.name)
            raise ExternalSignInRefused()
        return self._read(answer, TokenAnswer).id_token

    async def _verify(self, id_token: str, nonce: str) -> Claims:
        try:
            header = jwt.get_unverified_header(id_token)
            algorithm = header.get("alg")
            if algorithm not in ALGORITHMS:
                raise jwt.InvalidAlgorithmError("not a public key's algorithm")
            payload = jwt.decode(
                id_token,
                await self._key(header.get("kid"), algorithm),
                algorithms=[algorithm],
                audience=self._client.client_id,
                issuer=self._client.issuer,
                options=_CHECKS,
            )
            claims = Claims.model_validate(payload)
            self._check(claims, nonce)
        except (jwt.PyJWTError, ValidationError) as error:
            log.warning("oidc_token_refused", provider=self.name, reason=type(error).__name__)
            raise ExternalSignInRefused() from error
        return claims

    def _check(self, claims: Claims, nonce: str) -> None:
        if claims.exp + LEEWAY_SECONDS <= now().timestamp():
            raise jwt.ExpiredSignatureError("expired")
        if not hmac.compare_digest(claims.nonce.encode(), nonce.encode()):
            raise jwt.InvalidTokenError("another nonce")
        # OpenID Connect Core, section 3.1.3.7: with several audiences it has to be made for us.
        made_for = claims.azp or (claims.aud[0] if len(claims.aud) == 1 else None)
        if made_for != self._client.client_id:
            raise jwt.InvalidAudienceError("made for another client")

    async def _key(self, kid: str | None, algorithm: str) -> jwt.PyJWK:
        """Return the provider's key; one that we do not know may be new there, so we ask again."""
        found = _pick((await _latest(self._keys)).keys, kid)
        if found is None:
            self._keys.expire()
            found = _pick((await self._keys.fresh()).keys, kid)
        if found is None or found.get("alg", algorithm) != algorithm:
            raise jwt.InvalidKeyError("no key fits")
        return jwt.PyJWK(found, algorithm)

    async def _discover(self) -> Discovery:
        issuer = self._client.issuer
        address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        found = self._read(await self._call("GET", address), Discovery)
        scheme = issuer.partition("//")[0]
        is_safe = scheme == "http:" or all(each.startswith("https:") for each in found.addresses)
        if found.issuer != issuer or not is_safe:
            log.error("oidc_discovery_refused", provider=self.name, says=found.issuer)
            raise ProviderUnavailable()
        return found

    async def _fetch_keys(self) -> KeySet:
        found = await _latest(self._discovery)
        return self._read(await self._call("GET", found.jwks_uri), KeySet)

    async def _call(self, method: str, address: str, **sent: Any) -> httpx2.Response:  # noqa: ANN401  what httpx2 takes
        headers = {"Accept": "application/json"}
        try:
            return await self._http.request(method, address, headers=headers, **sent)
        except httpx2.HTTPError as error:
            log.warning("oidc_unreachable", provider=self.name, reason=type(error).__name__)
            raise ProviderUnavailable() from error

    def _read(self, answer: httpx2.Response, kind: type[Answer]) -> Answer:
        if answer.status_code != 200:
            log.error("oidc_failed", provider=self.name, status=answer.status_code)
            raise ProviderUnavailable()
        try:
            return kind.model_validate_json(answer.content)
        except ValidationError as error:
            log.error("oidc_unreadable", provider=self.name, kind=kind.__name__)
            raise ProviderUnavailable() from error


async def _latest(remembered: Remembered[Answer]) -> Answer:
    try:
        return await remembered.latest(within=WAIT_SECONDS)
    except Unavailable as error:
        raise ProviderUnavailable() from error


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier (RFC 7636, section 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _pick(keys: list[dict[str, Any]], kid: str | None) -> dict[str, Any] | None:
    """Return the signing key of this name; without a name the only one there is."""
    usable = [key for key in keys if key.get("kty") in KEY_TYPES and key.get("use", "sig") == "sig"]
    fitting = [key for key in usable if kid is None or key.get("kid") == kid]
    return fitting[0] if len(fitting) == 1 else None


def _person(claims: Claims) -> ExternalPerson:
    try:
        email = checked_email(claims.email) if claims.email else None
    except ValueError:
        email = None
    whole = claims.name.partition(" ")
    first = _name(claims.given_name) or _name(whole[0]) or _name(claims.email.partition("@")[0])
    last = _name(claims.family_name) or _name(whole[2])
    return ExternalPerson(
        subject=claims.sub,
        email=email,
        email_verified=claims.email_verified,
        first_name=first or "-",
        last_name=last or "-",
    )


def _name(text: str) -> str:
    return _CONTROL.sub("", text).strip()[:NAME_LENGTH]

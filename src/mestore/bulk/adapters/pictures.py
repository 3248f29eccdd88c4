"""Pictures of other places: fetched from addresses that anybody may have written.

A host is resolved once and the connection goes to the address that was judged, so that a name that
answers differently the second time leads nowhere (CWE-918, DNS rebinding). No redirects.
"""

import asyncio
import socket
from http.cookiejar import DefaultCookiePolicy
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx2

from mestore.bulk.types import PictureRefused
from mestore.media.types import MOST_BYTES

_SECONDS = 15.0
_PORTS = {"http": 80, "https": 443}
# Azure's own services answer at an address that looks public.
_NEVER = frozenset({IPv4Address("168.63.129.16")})
_NAT64 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


def is_public(address: Address) -> bool:
    """Say whether an address is one of the public network, also where it is wrapped in another."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and address not in _NEVER


class WebPictures:
    """Fetches pictures over http and https; `allows_loopback` is for tests and demos alone."""

    def __init__(self, http: httpx2.AsyncClient, *, allows_loopback: bool = False) -> None:
        self.http = http
        # Names that share an address would be told each other's, and kept ones fill memory.
        http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.allows_loopback = allows_loopback

    async def fetch(self, url: str) -> bytes:
        """Return what lies there; raises `PictureRefused`."""
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._fetch(httpx2.URL(url))
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError, ValueError) as error:
            raise PictureRefused("PICTURE_UNREACHABLE") from error

    async def _fetch(self, url: httpx2.URL) -> bytes:
        if url.scheme not in _PORTS or url.userinfo or not url.host:
            raise PictureRefused("ADDRESS_REFUSED")
        port = url.port or _PORTS[url.scheme]
        address = await self._judged(url.host, port)
        # The name goes into the Host header and the certificate check, the connection to the
        # address. Closed each time: another name at the same address must not find it open.
        headers = {"Host": url.netloc.decode(), "Connection": "close"}
        headers["Accept-Encoding"] = "identity"
        pinned = url.copy_with(host=str(address))
        async with self.http.stream(
            "GET", pinned, headers=headers, extensions={"sni_hostname": url.host}
        ) as answer:
            if answer.status_code != 200:
                # A redirect too: where it leads nobody judged.
                raise PictureRefused("PICTURE_UNREACHABLE")
            content = bytearray()
            async for piece in answer.aiter_raw():
                content += piece
                if len(content) > MOST_BYTES:
                    raise PictureRefused("IMAGE_TOO_LARGE")
            return bytes(content)

    async def _judged(self, host: str, port: int) -> Address:
        """Return the one address to connect to; every address of the name must be public."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ip_address(str(place[0]).partition("%")[0]) for *_, place in found]
        if not addresses or not all(map(self._is_allowed, addresses)):
            raise PictureRefused("ADDRESS_REFUSED")
        is_usual = port in _PORTS.values()
        if not is_usual and not (self.allows_loopback and addresses[0].is_loopback):
            raise PictureRefused("ADDRESS_REFUSED")
        return addresses[0]

    def _is_allowed(self, address: Address) -> bool:
        return is_public(address) or (self.allows_loopback and address.is_loopback)

"""What calls to providers have in common: what surely was not sent, and what is asked again."""

import httpx2
import stamina

NOT_CONNECTED = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
"""Failures before a byte was sent: the provider surely did nothing."""


class Faltering(Exception):
    """A read got no answer, or a broken one; asking again at once may work."""


asked_again = stamina.retry(
    on=Faltering, attempts=3, timeout=None, wait_initial=0.1, wait_max=0.5, wait_jitter=0.1
)
"""Ask up to three times. Stamina logs the arguments, so no key may be among them."""

"""Taking over what a provider has already under a charge's reference: nothing is sent twice."""

from collections.abc import Awaitable, Callable

from mestore.payments.errors import Declined, GatewayUnavailable, OutcomeUnknown
from mestore.payments.types import Charge, Outcome


async def adopt(
    charge: Charge, find: Callable[[str], Awaitable[Outcome | None]], why: str
) -> Outcome:
    """Return the transaction that an earlier call of this charge opened.

    Raises `OutcomeUnknown`, for `why`, where it is not found, and `Declined` where it is of
    another amount.
    """
    try:
        found = await find(charge.reference)
    except GatewayUnavailable as error:
        raise OutcomeUnknown(why) from error
    if found is None:
        raise OutcomeUnknown(f"{why} and is not listed yet")
    return adopted(charge, found)


def adopted(charge: Charge, found: Outcome) -> Outcome:
    """Return what was found if it is of the charge's amount; raises `Declined`."""
    if (found.amount_minor, found.currency) != (charge.amount_minor, charge.currency):
        raise Declined(reason="reference: used for another amount")
    return found

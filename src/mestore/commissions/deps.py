"""Who may see and change what is the operator's in commissions."""

from typing import Annotated

from fastapi import Depends

from mestore.accounts.deps import AnyCaller, require
from mestore.accounts.types import Caller, Permission
from mestore.kernel.errors import Forbidden


async def overseer(caller: AnyCaller) -> Caller:
    """Return who may see all commissions; a vendor's word is about its own ones alone."""
    if not caller.oversees(Permission.COMMISSIONS_VIEW):
        raise Forbidden
    return caller


Viewing = Annotated[Caller, Depends(require(Permission.COMMISSIONS_VIEW))]
Overseeing = Annotated[Caller, Depends(overseer)]
Managing = Annotated[Caller, Depends(require(Permission.COMMISSIONS_MANAGE))]

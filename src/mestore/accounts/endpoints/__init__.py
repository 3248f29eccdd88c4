"""HTTP for accounts; one file a topic."""

from fastapi import APIRouter

from mestore.accounts.endpoints import sign_in

router = APIRouter(prefix="/auth", tags=["auth"])
router.include_router(sign_in.router)

__all__ = ["router"]

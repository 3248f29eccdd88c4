"""The ASGI program: routers, error handlers, middleware. Nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from mestore import accounts, bootstrap
from mestore.accounts import endpoints as accounts_http
from mestore.carts import endpoints as carts_http
from mestore.catalog import endpoints as catalog_http
from mestore.checkout import endpoints as checkout_http
from mestore.inventory import endpoints as inventory_http
from mestore.kernel import logs, problems
from mestore.kernel.http import Edge
from mestore.operations import endpoints as operations_http
from mestore.orders import endpoints as orders_http
from mestore.payments import endpoints as payments_http
from mestore.settings import Settings
from mestore.vendors import endpoints as vendors_http

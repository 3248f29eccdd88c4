"""The ASGI program: routers, error handlers, middleware. Nothing else."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import Scope

from mestore.accounts import endpoints as accounts
from mestore.audit import endpoints as audit
from mestore.bootstrap import App, build
from mestore.bulk import endpoints as bulk
from mestore.bulk.types import BulkPolicy
from mestore.carts import endpoints as carts
from mestore.catalog import endpoints as catalog
from mestore.checkout import endpoints as checkout
from mestore.commissions import endpoints as commissions
from mestore.disputes import endpoints as disputes
from mestore.earnings import endpoints as earnings
from mestore.insights import endpoints as insights
from mestore.insights.deps import note_visit
from mestore.interests import endpoints as interests
from mestore.interests.deps import noticing
from mestore.inventory import endpoints as inventory
from mestore.kernel import logs, memory, problems, routing
from mestore.kernel.http import Edge, EdgeChoices
from mestore.kernel.jobs import Worker
from mestore.media.files import MediaFiles
from mestore.operations import endpoints as operations
from mestore.operations import metrics
from mestore.orders import endpoints as orders
from mestore.payments import endpoints as payments
from mestore.payouts import endpoints as payouts
from mestore.privacy import endpoints as privacy
from mestore.reconciliation import endpoints as reconciliation
from mestore.refunds import endpoints as refunds
from mestore.reviews import endpoints as reviews
from mestore.search import endpoints as search
from mestore.settings import Settings
from mestore.vendors import endpoints as vendors

DOCS = "/api/v1/docs"
# Swagger UI as FastAPI writes it: a page with a script in it, and two files of a CDN.
DOCS_POLICY = (
    b"default-src 'none'; script-src 'unsafe-inline' https://cdn.jsdelivr.net; "
    b"style-src 'unsafe-inline' https://cdn.jsdelivr.net; connect-src 'self'; "
    b"img-src 'self' data: https://fastapi.tiangolo.com; frame-ancestors 'none'"
)

# Larger bodies than elsewhere: which addresses take them, and how many bytes.
UPLOADS = ((re.compile(r"/api/v1/products/[^/]+/images"), 32 * 1024 * 1024),)
IMPORTS = re.compile(r"/api/v1/(products/bulk-import|inventory/import)")

# Of two routes that an address fits, the one of the first router is meant.
ROUTERS: tuple[APIRouter, ...] = (
    # Its addresses would be taken for slugs of products.
    insights.router,
    interests.viewed_router,
    search.router,
    search.admin_router,
    search.health_router,
    interests.history_router,
    interests.saved_router,
    interests.alerts_router,
    catalog.bulk_router,
    bulk.products_router,
    bulk.exports_router,
    catalog.products_router,
    carts.router,
    checkout.orders_router,
    orders.router,
    orders.admin_router,
    checkout.payments_router,
    # One of its addresses would be taken for that of another gateway.
    payments.efecty_router,
    payments.router,
    payments.collections_router,
    payments.fraud_router,
    checkout.reviews_router,
    refunds.orders_router,
    refunds.router,
    refunds.admin_router,
    refunds.queues_router,
    disputes.admin_router,
    # Its addresses would be taken for vendors.
    disputes.vendor_router,
    payouts.signals_router,
    payouts.router,
    payouts.batches_router,
    payouts.accounts_router,
    *accounts.routers,
    privacy.router,
    *accounts.users_routers,
    inventory.router,
    inventory.shop_router,
    bulk.stock_router,
    bulk.jobs_router,
    catalog.variants_router,
    catalog.images_router,
    catalog.categories_router,
    catalog.changes_router,
    catalog.vendor_products_router,
    catalog.admin_changes_router,
    catalog.admin_router,
    # Its addresses would be taken for ids of vendors.
    earnings.router,
    vendors.router,
    vendors.admin_router,
    reviews.router,
    insights.optimization_router,
    earnings.approve_router,
    earnings.transactions_router,
    earnings.terms_router,
    commissions.router,
    commissions.rules_router,
    commissions.plans_router,
    commissions.vendor_plan_router,
    reconciliation.router,
    audit.router,
    operations.router,
    operations.metrics_router,
    operations.root_router,
)


def create_app(app: App, *, with_jobs: bool = True) -> FastAPI:
    """Return the HTTP program over a wired `app`, which it closes when it stops."""
    settings = app.settings
    api = FastAPI(
        title="MeStore",
        summary="A multi-vendor marketplace backend for Colombia",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=DOCS,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(app, with_jobs=with_jobs),
    )
    api.state.database = app.database
    api.state.gateways = app.gateways
    api.state.breaker = app.breaker
    api.state.neighbourhood = app.neighbourhood
    api.state.passwords = app.passwords
    api.state.sign_in_policy = app.sign_in_policy
    api.state.passkey_policy = settings.passkeys
    api.state.identity_providers = app.identity_providers
    api.state.external_policy = settings.oidc
    api.state.metrics_token = settings.metrics_token
    api.state.ready_bytes = app.ready_bytes
    api.state.totals = app.totals
    api.state.opening_stock = app.opening_stock
    api.state.search_log = app.search_log
    api.state.writer = app.writer
    api.state.vectors = app.vectors
    api.state.outside = app.outside
    api.state.payouts = app.payouts
    api.state.blobs = app.blobs
    api.state.workshop = app.workshop
    api.state.bulk_policy = _bulk_policy(settings)
    routing.install(api, ROUTERS)
    api.mount("/media", MediaFiles(settings.media))
    problems.install(api)
    if settings.cors_origins:
        api.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["ETag", "X-Request-ID", "Retry-After", "Idempotent-Replayed"],
        )
    api.add_middleware(Edge, body_limit=settings.max_body_bytes, choices=_edge(app))
    return api


def _bulk_policy(settings: Settings) -> BulkPolicy:
    return BulkPolicy(
        settings.import_max_bytes,
        settings.import_max_unpacked_bytes,
        settings.import_max_pictures_bytes,
    )


def _largest_import(settings: Settings) -> int:
    """Return the size of a form with the largest file and the largest ZIP in it."""
    return settings.import_max_bytes + settings.import_max_pictures_bytes + 64 * 1024


def _edge(app: App) -> EdgeChoices:
    settings = app.settings
    notice = noticing(app.view_log)

    def observe(scope: Scope, status: int, seconds: float) -> None:
        metrics.observe(scope, status, seconds)
        notice(scope, status, seconds)
        note_visit(app.visit_log, scope, status)

    return EdgeChoices(
        is_https=settings.is_production and settings.base_url.startswith("https://"),
        pages={DOCS: DOCS_POLICY},
        uploads=(*UPLOADS, (IMPORTS, _largest_import(settings))),
        observe=observe,
    )


def _lifespan(
    app: App, *, with_jobs: bool
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker = app.worker() if with_jobs else None
        loop = asyncio.create_task(worker.run()) if worker else None
        wire = asyncio.create_task(app.wire.run()) if app.wire else None
        logs = (app.search_log, app.view_log, app.visit_log)
        writing = [asyncio.create_task(each.run()) for each in logs]
        yield
        await _finish(worker, loop)
        for task in writing:
            task.cancel()
        await asyncio.gather(*writing, return_exceptions=True)
        if wire is not None:
            wire.cancel()
            await asyncio.gather(wire, return_exceptions=True)
        await app.close()

    return lifespan


async def _finish(worker: Worker | None, loop: asyncio.Task[None] | None) -> None:
    if worker is not None and loop is not None:
        worker.stop()
        await loop


def from_environment() -> FastAPI:
    """Return the program as the environment sets it up: uvicorn's factory."""
    settings = Settings()
    logs.configure(level=settings.log_level, as_json=settings.is_production)
    api = create_app(build(settings), with_jobs=settings.jobs_in_server)
    memory.settle()
    return api

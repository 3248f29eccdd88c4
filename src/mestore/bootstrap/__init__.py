"""The only place that names adapters: Settings → App."""

import importlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol, cast

from sqlalchemy.engine import make_url

from mestore import subscriptions
from mestore.accounts.adapters.oidc import OidcProvider
from mestore.accounts.ports import IdentityProvider
from mestore.accounts.service.passwords import Passwords
from mestore.accounts.types import SignInPolicy
from mestore.accounts.types.verification import DEVELOPMENT_CODE, VerificationPolicy
from mestore.bootstrap.clients import Clients
from mestore.bootstrap.efecty import efecty_policy
from mestore.bootstrap.gateways import payment_gateways
from mestore.bootstrap.neighbours import neighbours
from mestore.bootstrap.payments import payment_policies
from mestore.bootstrap.payouts import payout_policy, payout_provider
from mestore.bootstrap.semantic import product_vectors, semantic_policies
from mestore.bootstrap.storage import blob_store
from mestore.bootstrap.writing import proposal_writer
from mestore.bulk.adapters.files import PrivateFiles
from mestore.bulk.adapters.pictures import WebPictures
from mestore.bulk.service.workshop import Workshop
from mestore.catalog.ports import OpeningStock
from mestore.catalog.types import ImagePolicy, PricePolicy
from mestore.catalog.views.totals import Totals
from mestore.checkout.types import Outside
from mestore.commissions.types import CommissionPolicy
from mestore.earnings.types import EarningsPolicy
from mestore.insights.ports import Writer
from mestore.insights.service.counting import VisitLog
from mestore.interests.service import ViewLog
from mestore.inventory.service.opening import OpeningStockBook
from mestore.kernel.breaker import Breaker
from mestore.kernel.cache import ReadyBytes
from mestore.kernel.db import Database
from mestore.kernel.jobs import Route, Worker
from mestore.kernel.money import to_minor
from mestore.kernel.neighbours import Neighbourhood
from mestore.kernel.outbox import Outbox
from mestore.media.ports import BlobStore
from mestore.notifications.adapters.files import MailFiles
from mestore.notifications.adapters.sms_log import SmsLog
from mestore.notifications.adapters.smtp import SmtpMail
from mestore.notifications.adapters.twilio import TwilioAccount, TwilioSms
from mestore.notifications.ports import MailChannel, SmsChannel
from mestore.notifications.types import MailPolicy
from mestore.payments.ports import PaymentGateway
from mestore.payouts.service.world import PayoutWorld
from mestore.pricing.types import TaxPolicy
from mestore.search.service.log import SearchLog
from mestore.search.service.vectors import Vectors
from mestore.settings import Settings
from mestore.shipping.types import ShippingPolicy
from mestore.vendors.types import VendorPolicy


class Wire(Protocol):
    """Tells other processes what a commit touched, and hears it from them."""

    async def run(self) -> None:
        """Send and hear until cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class App:
    """The wired program: what endpoints and workers are given."""

    settings: Settings
    database: Database
    gateways: Mapping[str, PaymentGateway]
    breaker: Breaker
    neighbourhood: Neighbourhood
    passwords: Passwords
    sign_in_policy: SignInPolicy
    ready_bytes: ReadyBytes
    totals: Totals
    opening_stock: OpeningStock
    search_log: SearchLog
    view_log: ViewLog
    visit_log: VisitLog
    writer: Writer | None
    vectors: Vectors | None
    mail: MailChannel
    sms: SmsChannel
    identity_providers: Mapping[str, IdentityProvider]
    outside: Outside
    payouts: PayoutWorld
    blobs: BlobStore
    workshop: Workshop
    routes: tuple[Route, ...]
    clients: Clients
    wire: Wire | None

    def worker(self) -> Worker:
        """Return a job loop over this program's routes."""
        return Worker(self.database, self.routes, subscriptions.PERIODIC)

    async def close(self) -> None:
        """Give back connections to databases and providers."""
        await self.clients.close()
        await self.database.close()


def build(settings: Settings) -> App:
    """Wire the program from its settings."""
    sign_in = _sign_in_policy(settings)
    database = _database(settings, sign_in)
    breaker = Breaker()
    clients = Clients()
    gateways = payment_gateways(settings, clients, breaker, database)
    outside = Outside(database, gateways, settings.base_url, breaker)
    payouts = PayoutWorld(database, payout_provider(settings, clients, breaker))
    mail = _mail(settings)
    blobs = blob_store(settings, clients)
    workshop = _workshop(settings, database, blobs, clients)
    sms = _sms(settings, clients)
    vectors = product_vectors(settings, clients, breaker, database)
    oidc_client = clients.open()
    routes = tuple(subscriptions.routes(outside, mail, sms, blobs, payouts, workshop, vectors))
    database.outbox = Outbox(subscriptions.addresses(routes))
    ready_bytes = ReadyBytes(settings.cache_seconds)
    totals = Totals()
    database.touch_listeners += [ready_bytes.touch, totals.touch]
    return App(
        settings=settings,
        database=database,
        gateways=gateways,
        breaker=breaker,
        neighbourhood=Neighbourhood(
            neighbours(settings, gateways, has_payouts=payouts.provider is not None)
        ),
        passwords=Passwords(settings.password_hash_concurrency),
        sign_in_policy=sign_in,
        ready_bytes=ready_bytes,
        totals=totals,
        opening_stock=OpeningStockBook(),
        search_log=SearchLog(database),
        view_log=ViewLog(database),
        visit_log=VisitLog(database),
        writer=proposal_writer(settings, clients, breaker),
        vectors=vectors,
        mail=mail,
        sms=sms,
        identity_providers={
            each.name: OidcProvider(each, oidc_client) for each in settings.oidc_providers
        },
        outside=outside,
        payouts=payouts,
        blobs=blobs,
        workshop=workshop,
        routes=routes,
        clients=clients,
        wire=_wire(settings, database),
    )


def _workshop(
    settings: Settings, database: Database, blobs: BlobStore, clients: Clients
) -> Workshop:
    pictures = WebPictures(clients.open(), allows_loopback=settings.import_allow_loopback)
    return Workshop(database, PrivateFiles(settings.data_dir / "bulk"), blobs, pictures)


def _database(settings: Settings, sign_in: SignInPolicy) -> Database:
    if make_url(settings.database).get_backend_name() == "sqlite":
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    policies = (
        sign_in,
        settings.passkeys,
        _verification_policy(settings),
        VendorPolicy(auto_approve=settings.vendor_auto_approve),
        ImagePolicy(settings.public_media),
        PricePolicy(settings.compare_at_days, settings.compare_at_new_days),
        TaxPolicy(prices_include_tax=settings.prices_include_tax),
        *payment_policies(settings, sign_in.secret),
        payout_policy(settings),
        efecty_policy(settings),
        *semantic_policies(settings),
        MailPolicy(timedelta(days=settings.mail_keep_days)),
        ShippingPolicy(to_minor(settings.shipping_fee), to_minor(settings.free_shipping_from)),
        CommissionPolicy(
            settings.commission_percent,
            settings.commission_tax_percent,
            prices_include_tax=settings.prices_include_tax,
        ),
        EarningsPolicy(
            settings.release_extra_days, int(settings.reserve_percent * 100), settings.reserve_days
        ),
    )
    return Database(
        settings.database,
        replica_url=settings.database_replica_url,
        pool_size=settings.database_pool_size,
        policies={type(policy): policy for policy in policies},
    )


def _wire(settings: Settings, database: Database) -> Wire | None:
    """Return the wire to other processes; what they tell goes to the listeners of this one."""
    if settings.redis_url is None:
        return None
    # The redis package is an extra, so its adapter is loaded only where it is asked for.
    adapter = importlib.import_module("mestore.kernel.adapters.redis")
    heard = tuple(database.touch_listeners)

    def touch(tags: Iterable[str]) -> None:
        for listener in heard:
            listener(tags)

    wire = adapter.RedisWire(settings.redis_url, touch=touch, ring=database.bell.set)
    database.touch_listeners.append(wire.tell_touched)
    database.work_listeners.append(wire.tell_work)
    return cast(Wire, wire)


def _sign_in_policy(settings: Settings) -> SignInPolicy:
    secret = settings.secret_key.get_secret_value() if settings.secret_key else None
    return SignInPolicy(
        secret=secret or _kept_secret(settings.data_dir / "secret_key"),
        old_secrets=tuple(key.get_secret_value() for key in settings.secret_keys_old),
        algorithm=settings.algorithm,
        access=timedelta(minutes=settings.access_token_expire_minutes),
        refresh=timedelta(days=settings.refresh_token_expire_days),
        mfa_issuer=settings.mfa_issuer_name,
        mfa_required_roles=settings.mfa_roles,
    )


def _verification_policy(settings: Settings) -> VerificationPolicy:
    return VerificationPolicy(
        storefront_url=settings.storefront,
        development_code=DEVELOPMENT_CODE if settings.takes_development_code else None,
    )


def _kept_secret(path: Path) -> str:
    """Return the development secret, made at the first start: sign-ins outlive a restart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        fresh.write_text(secrets.token_urlsafe(48))
        fresh.chmod(0o600)
        # Several processes may start at once: the link of the first one wins.
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text()


def _mail(settings: Settings) -> MailChannel:
    if settings.smtp_host is None:
        return MailFiles(settings.mail, settings.smtp_from)
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    return SmtpMail(
        host=settings.smtp_host,
        port=settings.smtp_port,
        user=settings.smtp_user,
        password=password,
        starttls=settings.smtp_starttls,
        sender=settings.smtp_from,
    )


def _sms(settings: Settings, clients: Clients) -> SmsChannel:
    sid, token = settings.twilio_account_sid, settings.twilio_auth_token
    if not (sid and token and settings.twilio_from):
        return SmsLog(shows_text=not settings.is_production)
    account = TwilioAccount(sid, token.get_secret_value(), settings.twilio_from)
    return TwilioSms(account, clients.open(), settings.twilio_base_url)

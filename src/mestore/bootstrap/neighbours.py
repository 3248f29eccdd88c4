"""Which services outside the settings make this program lean on."""

from collections.abc import Iterator, Mapping

from mestore.kernel.neighbours import Neighbour, NeighbourKind
from mestore.payments.ports import PaymentGateway
from mestore.payouts.adapters.wompi_payouts import CODE as WOMPI_PAYOUTS
from mestore.settings import Settings
from mestore.settings.storage import MediaStore


def neighbours(
    settings: Settings, gateways: Mapping[str, PaymentGateway], *, has_payouts: bool
) -> Iterator[Neighbour]:
    """Name what is configured; files stand in for mail, and a log for SMS, where nothing is."""
    for gateway in gateways.values():
        yield Neighbour.at(gateway.code, NeighbourKind.GATEWAY, gateway.profile.api_url)
    if has_payouts:
        yield Neighbour.at(WOMPI_PAYOUTS, NeighbourKind.PAYOUTS, settings.wompi_payouts_base_url)
    if settings.smtp_host is not None:
        yield Neighbour("smtp", NeighbourKind.MAIL, settings.smtp_host, settings.smtp_port)
    else:
        yield Neighbour("mail files", NeighbourKind.MAIL, folder=settings.mail)
    if settings.twilio_account_sid and settings.twilio_auth_token and settings.twilio_from:
        yield Neighbour.at("twilio", NeighbourKind.SMS, settings.twilio_base_url)
    else:
        yield Neighbour("sms log", NeighbourKind.SMS)
    yield Neighbour("sql", NeighbourKind.SEARCH)
    if settings.chroma_url:
        yield Neighbour.at("chroma", NeighbourKind.SEARCH, settings.chroma_url)
    yield _storage(settings)


def _storage(settings: Settings) -> Neighbour:
    if settings.media_store is MediaStore.S3:
        url = settings.s3_endpoint or f"https://s3.{settings.s3_region}.amazonaws.com"
        return Neighbour.at("s3", NeighbourKind.STORAGE, url)
    if settings.media_store is MediaStore.CLOUDINARY:
        return Neighbour.at("cloudinary", NeighbourKind.STORAGE, settings.cloudinary_base_url)
    return Neighbour("disk", NeighbourKind.STORAGE, folder=settings.media)

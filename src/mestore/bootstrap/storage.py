"""The store of pictures that the settings choose."""

from mestore.bootstrap.clients import Clients
from mestore.media.adapters.cloudinary import CloudinaryAccount, CloudinaryBlobs
from mestore.media.adapters.disk import DiskBlobs
from mestore.media.adapters.s3 import Bucket, S3Blobs
from mestore.media.ports import BlobStore
from mestore.settings import Settings
from mestore.settings.storage import MediaStore


def blob_store(settings: Settings, clients: Clients) -> BlobStore:
    """Return where pictures lie; what each store needs was checked with the settings."""
    if settings.media_store is MediaStore.S3:
        return S3Blobs(_bucket(settings), settings.public_media)
    if settings.media_store is MediaStore.CLOUDINARY:
        return _cloudinary(settings, clients)
    return DiskBlobs(settings.media, settings.public_media)


def _bucket(settings: Settings) -> Bucket:
    secret = settings.s3_secret_access_key
    return Bucket(
        name=settings.s3_bucket or "",
        region=settings.s3_region,
        endpoint=settings.s3_endpoint,
        access_key_id=settings.s3_access_key_id,
        secret_access_key=secret.get_secret_value() if secret else None,
    )


def _cloudinary(settings: Settings, clients: Clients) -> CloudinaryBlobs:
    secret = settings.cloudinary_api_secret
    account = CloudinaryAccount(
        settings.cloudinary_cloud_name or "",
        settings.cloudinary_api_key or "",
        secret.get_secret_value() if secret else "",
    )
    http = clients.open()
    return CloudinaryBlobs(account, http, settings.cloudinary_base_url, settings.public_media)

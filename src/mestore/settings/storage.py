"""The settings of where pictures lie."""

from enum import StrEnum

from pydantic import SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from mestore.settings.addresses import address

CLOUDINARY_URL = "https://api.cloudinary.com"
CLOUDINARY_DELIVERY_URL = "https://res.cloudinary.com"


class MediaStore(StrEnum):
    """Where the files of pictures lie."""

    DISK = "disk"
    S3 = "s3"
    CLOUDINARY = "cloudinary"


_NEEDED = {
    MediaStore.DISK: (),
    MediaStore.S3: ("s3_bucket",),
    MediaStore.CLOUDINARY: (
        "cloudinary_cloud_name",
        "cloudinary_api_key",
        "cloudinary_api_secret",
    ),
}


class StorageSettings(BaseSettings):
    """The store of pictures and what opens it. The program does not start with half of it."""

    s3_bucket: str | None = None
    s3_endpoint: str | None = None
    s3_region: str = "us-east-1"
    s3_access_key_id: str | None = None
    s3_secret_access_key: SecretStr | None = None

    cloudinary_cloud_name: str | None = None
    cloudinary_api_key: str | None = None
    cloudinary_api_secret: SecretStr | None = None
    cloudinary_base_url: str = CLOUDINARY_URL
    cloudinary_delivery_url: str = CLOUDINARY_DELIVERY_URL

    media_url: str | None = None
    # After what it needs: fields are judged in this order.
    media_store: MediaStore = MediaStore.DISK

    @field_validator("s3_endpoint", "cloudinary_base_url", "cloudinary_delivery_url")
    @classmethod
    def check_storage_address(cls, value: str | None) -> str | None:
        """Refuse what is no http address; a slash at the end is dropped."""
        return address(value)

    @field_validator("media_store")
    @classmethod
    def check_store(cls, store: MediaStore, info: ValidationInfo) -> MediaStore:
        """Refuse a store without what opens it."""
        missing = [name.upper() for name in _NEEDED[store] if not info.data.get(name)]
        if missing:
            raise ValueError(f"{store} needs {', '.join(missing)} as well")
        keys = (info.data.get("s3_access_key_id"), info.data.get("s3_secret_access_key"))
        if store is MediaStore.S3 and any(keys) and not all(keys):
            raise ValueError("s3 needs both S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or neither")
        return store

    @property
    def public_media(self) -> str:
        """Where browsers find pictures: as set, or at the store itself."""
        if self.media_url:
            return self.media_url.rstrip("/")
        if self.media_store is MediaStore.CLOUDINARY:
            # Without a version Cloudinary would not take folders out of its caches.
            return f"{self.cloudinary_delivery_url}/{self.cloudinary_cloud_name}/image/upload/v1"
        if self.media_store is MediaStore.DISK:
            return "/media"
        if self.s3_endpoint:
            return f"{self.s3_endpoint}/{self.s3_bucket}"
        return f"https://{self.s3_bucket}.s3.{self.s3_region}.amazonaws.com"

    def problems_of_storage(self) -> list[str]:
        """Return what production refuses."""
        if self.media_store is not MediaStore.CLOUDINARY:
            return []
        found = []
        if not self.cloudinary_base_url.startswith("https://"):
            found.append(f"CLOUDINARY_BASE_URL: set {CLOUDINARY_URL}; this is a simulator")
        if not (self.media_url or self.cloudinary_delivery_url.startswith("https://")):
            found.append(f"CLOUDINARY_DELIVERY_URL: set {CLOUDINARY_DELIVERY_URL}")
        return found

"""Files in a bucket of S3, or of a store that speaks like it."""

from dataclasses import dataclass, field
from datetime import timedelta

from obstore.store import S3Store

from mestore.media.adapters.objects import ObjectBlobs


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, and what opens it; without keys the machine's own role does.

    With an `endpoint` the bucket is a folder of it, without one a host of Amazon's.
    """

    name: str
    region: str
    endpoint: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)


class S3Blobs(ObjectBlobs):
    """Keeps files in a bucket. Each carries the headers that let every cache keep it."""

    def __init__(
        self, bucket: Bucket, public_url: str, *, total: timedelta = timedelta(seconds=20)
    ) -> None:
        keys = {
            "access_key_id": bucket.access_key_id,
            "secret_access_key": bucket.secret_access_key,
            "endpoint": bucket.endpoint,
        }
        store = S3Store(
            bucket.name,
            config={name: value for name, value in keys.items() if value},  # type: ignore[arg-type]
            region=bucket.region,
            virtual_hosted_style_request=bucket.endpoint is None,
            client_options={
                "allow_http": (bucket.endpoint or "").startswith("http://"),
                "connect_timeout": timedelta(seconds=5),
                "timeout": total,
            },
            # Jobs try again by themselves, and later: a person waits for the answer to an upload.
            retry_config={"max_retries": 1, "retry_timeout": total},
        )
        super().__init__(store, public_url, keeps_headers=True)

"""The pictures of a product: taken in, shown when every size is there, arranged, removed."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from mestore.accounts.service.acts import is_by_operator, record
from mestore.accounts.types.acts import Act, Subject
from mestore.catalog.errors import (
    ImageNotFound,
    ImageOrderIncomplete,
    ProductNotFound,
    TooManyImages,
)
from mestore.catalog.repository.images import ImageRepository
from mestore.catalog.service.products import CatalogService
from mestore.catalog.types import (
    IMAGE_SIZES,
    SYSTEM_EDITOR,
    DropImages,
    HeldProduct,
    ImagePolicy,
    ImageState,
    MakeSizes,
    NewImage,
)
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.ids import uuid7

MOST_IMAGES = 20
# Longer than any upload takes: files that have no row by then belong to nobody.
_UNCLAIMED = timedelta(hours=1)


class ImageService:
    """Writes the pictures of products that the caller holds."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.catalog = CatalogService(tx)
        self.images = ImageRepository(tx.connection)

    async def attach_images(self, product_id: UUID, images: Sequence[NewImage]) -> None:
        """Add pictures after those that a product has; all their files are there already."""
        product = await self.catalog.hold(str(product_id), SYSTEM_EDITOR)
        await self._add(product, images, ImageState.READY)
        await self._show(product)

    async def announce(self, product: HeldProduct, keys: Sequence[str]) -> None:
        """Say before files are written that they go again, unless `upload` claims them."""
        self._check_room(await self.images.all_of(product.id), len(keys))
        self.tx.enqueue(DropImages(tuple(keys)), run_at=now() + _UNCLAIMED)

    async def upload(
        self, product: HeldProduct, images: Sequence[NewImage]
    ) -> list[dict[str, Any]]:
        """Add announced pictures whose originals are there, have their sizes made, return them."""
        before = await self.images.all_of(product.id)
        ids = await self._add(product, images, ImageState.PROCESSING)
        for image_id in ids:
            self.tx.enqueue(MakeSizes(product.id, image_id))
        await self._record(product, before)
        return await self.some(product, ids)

    async def one(self, product: HeldProduct, image_id: UUID) -> dict[str, Any]:
        """Return a picture as its vendor sees it, with its state."""
        (shown,) = await self.some(product, [image_id])
        return shown

    async def some(self, product: HeldProduct, ids: Sequence[UUID]) -> list[dict[str, Any]]:
        """Return these pictures as their vendor sees them, with their states."""
        rows = {row["id"]: row for row in await self.images.all_of(product.id)}
        for image_id in ids:
            if image_id not in rows:
                raise ImageNotFound(image_id=str(image_id))
        return [self._shown(rows[each]) | {"state": rows[each]["state"]} for each in ids]

    async def change(
        self, product: HeldProduct, image_id: UUID, changes: Mapping[str, Any]
    ) -> None:
        """Change a picture's `alt`, or its `position` from 0; beyond the end is the end."""
        await self._row(product, image_id)
        before = await self.images.all_of(product.id)
        if (position := changes.get("position")) is not None:
            ids = [row["id"] for row in before if row["id"] != image_id]
            ids.insert(position, image_id)
            await self.images.arrange(ids)
        if "alt" in changes:
            await self.images.change(image_id, {"alt": changes["alt"]})
        await self._show(product)
        await self._record(product, before)

    async def arrange(self, product: HeldProduct, ids: Sequence[UUID]) -> None:
        """Show pictures in this order; each that is READY must be named, and none twice.

        The others, which no list shows, may be left out: they keep their order at the end.
        """
        before = await self.images.all_of(product.id)
        states = {row["id"]: row["state"] for row in before}
        left_out = [image_id for image_id in states if image_id not in ids]
        ready = [image_id for image_id, state in states.items() if state is ImageState.READY]
        is_known = set(ids) <= states.keys() and len(set(ids)) == len(ids)
        if not is_known or not set(ready) <= set(ids):
            raise ImageOrderIncomplete(count=len(ready))
        await self.images.arrange([*ids, *left_out])
        await self._show(product)
        await self._record(product, before)

    async def remove(self, product: HeldProduct, image_id: UUID) -> None:
        """Remove a picture; its files go in a job."""
        before = await self.images.all_of(product.id)
        row = await self._row(product, image_id)
        await self._remove([row])
        await self._show(product)
        await self._record(product, before)

    async def finish(self, product_id: UUID, image_id: UUID, state: ImageState) -> bool:
        """End the making of a picture's sizes; False where picture or product is gone."""
        try:
            product = await self.catalog.hold(str(product_id), SYSTEM_EDITOR)
        except ProductNotFound:
            return False
        states = {row["id"]: row["state"] for row in await self.images.all_of(product_id)}
        if image_id not in states:
            return False
        if states[image_id] is ImageState.PROCESSING:
            await self.images.change(image_id, {"state": state})
        await self._show(product)
        return True

    async def _add(
        self, product: HeldProduct, images: Sequence[NewImage], state: ImageState
    ) -> list[UUID]:
        present, moment = await self.images.all_of(product.id), now()
        self._check_room(present, len(images))
        # No list shows them, so that nobody would remove them.
        await self._remove([row for row in present if row["state"] is ImageState.FAILED])
        first = max((row["position"] for row in present), default=-1) + 1
        ids = [uuid7() for _ in images]
        rows = [
            {
                "id": image_id,
                "product_id": product.id,
                "key": image.key,
                "alt": image.alt,
                "position": first + index,
                "width": image.width,
                "height": image.height,
                "state": state,
                "created_at": moment,
            }
            for index, (image_id, image) in enumerate(zip(ids, images, strict=True))
        ]
        await self.images.add(rows)
        return ids

    async def _remove(self, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            await self.images.remove([row["id"] for row in rows])
            self.tx.enqueue(DropImages(tuple(row["key"] for row in rows)))

    async def _record(self, product: HeldProduct, before: Sequence[Mapping[str, Any]]) -> None:
        if is_by_operator(product.owner_id):
            after = await self.images.all_of(product.id)
            old, new = ({"images": list(map(_told, rows))} for rows in (before, after))
            record(self.tx, Act.PRODUCT_EDITED, Subject.PRODUCT, product.id, before=old, after=new)

    def _check_room(self, present: Sequence[Mapping[str, Any]], more: int) -> None:
        kept = [row for row in present if row["state"] is not ImageState.FAILED]
        if len(kept) + more > MOST_IMAGES:
            raise TooManyImages(most=MOST_IMAGES)

    async def _row(self, product: HeldProduct, image_id: UUID) -> dict[str, Any]:
        for row in await self.images.all_of(product.id):
            if row["id"] == image_id:
                return row
        raise ImageNotFound(image_id=str(image_id))

    async def _show(self, product: HeldProduct) -> None:
        rows = await self.images.all_of(product.id)
        shown = [self._shown(row) for row in rows if row["state"] is ImageState.READY]
        await self.catalog.renew(product, {"images": shown})

    def _shown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        media_url = self.tx.policy(ImagePolicy).media_url
        return {
            "id": str(row["id"]),
            "alt": row["alt"],
            "position": row["position"],
            "width": row["width"],
            "height": row["height"],
            "urls": {size: f"{media_url}/{row['key']}/{size}.webp" for size in IMAGE_SIZES},
        }


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the audit log tells of a picture; its place is that in the list."""
    return {"id": row["id"], "alt": row["alt"], "key": row["key"]}

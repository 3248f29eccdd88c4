"""Work on pictures that waits for the blob store."""

from mestore.catalog.repository.images import ImageRepository
from mestore.catalog.service.images import ImageService
from mestore.catalog.types import DropImages, FailImage, ImageState, MakeSizes
from mestore.kernel.db import Database, Tx
from mestore.media.errors import BlobMissing
from mestore.media.ports import BlobStore
from mestore.media.service import drop_picture, make_sizes


async def on_make_sizes(task: MakeSizes, *, database: Database, blobs: BlobStore) -> None:
    """Make the sizes of a picture and show it; FAILED where its original is gone."""
    async with database.read() as connection:
        key = await ImageRepository(connection).key_of_waiting(task.product_id, task.image_id)
    if key is None:
        return
    state = ImageState.READY
    try:
        await make_sizes(blobs, key)
    except BlobMissing:
        state = ImageState.FAILED
    async with database.transaction() as tx:
        is_kept = await ImageService(tx).finish(task.product_id, task.image_id, state)
        if not is_kept:
            # Deleted meanwhile: what was just written would stay for ever.
            tx.enqueue(DropImages((key,)))


def give_up_sizes(task: MakeSizes) -> FailImage:
    """Return what is to be done about a picture that was tried too often."""
    return FailImage(task.product_id, task.image_id)


async def on_fail_image(tx: Tx, task: FailImage) -> None:
    """Show its vendor that a picture failed."""
    await ImageService(tx).finish(task.product_id, task.image_id, ImageState.FAILED)


async def on_drop_images(task: DropImages, *, database: Database, blobs: BlobStore) -> None:
    """Remove the files of pictures that are no more, or never came to be."""
    async with database.read() as connection:
        kept = await ImageRepository(connection).kept(task.keys)
    for key in task.keys:
        if key not in kept:
            await drop_picture(blobs, key)

"""HTTP for the pictures of a product: who owns it, and staff, upload and arrange them."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from mestore.accounts.types import Line
from mestore.catalog.deps import Blobs, UpdatingEditor
from mestore.catalog.endpoints.answers import JSON, KeyInPath
from mestore.catalog.errors import (
    ImageNotFound,
    ImageOrderIncomplete,
    ProductNotFound,
    TooManyImages,
)
from mestore.catalog.schemas.answers import ImageOut, ImagesOut
from mestore.catalog.service.images import MOST_IMAGES, ImageService
from mestore.catalog.service.products import CatalogService
from mestore.catalog.types import ImageState, NewImage
from mestore.kernel.errors import BodyTooLarge
from mestore.kernel.http import Db, InTx, refuses
from mestore.kernel.ids import uuid7
from mestore.kernel.routing import Router
from mestore.media.errors import (
    BlobRefused,
    ImageDamaged,
    ImageDimensions,
    ImageTooLarge,
    StorageUnavailable,
    UnsupportedImage,
    UploadExpected,
)
from mestore.media.service import store_original, take_in
from mestore.media.types import MOST_BYTES

router = Router(prefix="/products/{product_id}/images", tags=["products"])

Alt = Annotated[Line, StringConstraints(max_length=300)]
_ALT = TypeAdapter(Alt)
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "alt": {"type": "string", "maxLength": 300},
                    },
                    "required": ["files"],
                }
            }
        },
    }
}


class UploadedImageOut(ImageOut):
    """A picture as its vendor sees it; it is public when READY, at the addresses said."""

    state: ImageState


class UploadedImagesOut(BaseModel):
    """The pictures of one upload, in the order of its files."""

    images: list[UploadedImageOut]


class ImagePatch(BaseModel):
    """What may be changed of a picture; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    alt: Alt | None = None
    position: Annotated[int, Field(ge=0, lt=MOST_IMAGES)] | None = None


class ImageOrder(BaseModel):
    """All pictures of a product, the first one first."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[UUID], Field(max_length=MOST_IMAGES)]


@router.post(
    "",
    status_code=202,
    response_model=UploadedImagesOut,
    openapi_extra=_FORM,
    responses=refuses(
        ProductNotFound,
        TooManyImages,
        BodyTooLarge,
        ImageTooLarge,
        UnsupportedImage,
        UploadExpected,
        ImageDimensions,
        ImageDamaged,
        BlobRefused,
        StorageUnavailable,
    ),
)
async def upload_images(
    request: Request, product_id: KeyInPath, editor: UpdatingEditor, db: Db, blobs: Blobs
) -> Response:
    """Add pictures, one file each. They are public when their sizes have been made."""
    # Before a byte of the body is read, and without a transaction while a slow one comes in.
    async with db.transaction() as tx:
        product = await CatalogService(tx).hold(product_id, editor)
    taken = [(await take_in(content, name), alt) for content, name, alt in await _files(request)]
    new = [
        NewImage(f"products/{product.id.hex}/{uuid7().hex}", picture.width, picture.height, alt)
        for picture, alt in taken
    ]
    async with db.transaction() as tx:
        product = await CatalogService(tx).hold(product_id, editor)
        await ImageService(tx).announce(product, [image.key for image in new])
    for image, (picture, _) in zip(new, taken, strict=True):
        await store_original(blobs, image.key, picture)
    async with db.transaction() as tx:
        product = await CatalogService(tx).hold(product_id, editor)
        shown = await ImageService(tx).upload(product, new)
    return Response(msgspec.json.encode({"images": shown}), 202, media_type=JSON)


@router.get(
    "/{image_id}",
    response_model=UploadedImageOut,
    responses=refuses(ProductNotFound, ImageNotFound),
)
async def one_image(
    product_id: KeyInPath, image_id: UUID, editor: UpdatingEditor, tx: InTx
) -> Response:
    """Show a picture to who may change it, in any state."""
    product = await CatalogService(tx).hold(product_id, editor)
    shown = await ImageService(tx).one(product, image_id)
    return Response(msgspec.json.encode(shown), media_type=JSON)


@router.put(
    "/order",
    response_model=ImagesOut,
    responses=refuses(ProductNotFound, ImageOrderIncomplete),
)
async def order_images(
    product_id: KeyInPath, body: ImageOrder, editor: UpdatingEditor, tx: InTx
) -> Response:
    """Show the pictures in this order."""
    product = await CatalogService(tx).hold(product_id, editor)
    images = ImageService(tx)
    await images.arrange(product, body.ids)
    shown = await images.some(product, body.ids)
    return Response(msgspec.json.encode({"images": shown}), media_type=JSON)


@router.patch(
    "/{image_id}",
    response_model=UploadedImageOut,
    responses=refuses(ProductNotFound, ImageNotFound),
)
async def change_image(
    product_id: KeyInPath, image_id: UUID, body: ImagePatch, editor: UpdatingEditor, tx: InTx
) -> Response:
    """Change a picture's text or place."""
    product = await CatalogService(tx).hold(product_id, editor)
    images = ImageService(tx)
    await images.change(product, image_id, body.model_dump(exclude_unset=True))
    shown = await images.one(product, image_id)
    return Response(msgspec.json.encode(shown), media_type=JSON)


@router.delete("/{image_id}", status_code=204, responses=refuses(ProductNotFound, ImageNotFound))
async def delete_image(
    product_id: KeyInPath, image_id: UUID, editor: UpdatingEditor, tx: InTx
) -> None:
    """Remove a picture and its files."""
    product = await CatalogService(tx).hold(product_id, editor)
    await ImageService(tx).remove(product, image_id)


async def _files(request: Request) -> list[tuple[bytes, str, str | None]]:
    """Return content, name for refusals, and text of every file of the form.

    A file is on disk until it is read here; names are only numbers, never what the client says.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise UploadExpected
    try:
        async with request.form() as form:
            texts = [_alt(each) for each in form.getlist("alt")]
            given = [each for _, each in form.multi_items() if isinstance(each, UploadFile)]
            if not given:
                raise UploadExpected
            if len(given) > MOST_IMAGES:
                raise TooManyImages(most=MOST_IMAGES)
            found = []
            for number, file in enumerate(given):
                if (file.size or 0) > MOST_BYTES:
                    raise ImageTooLarge(file=str(number + 1), limit_bytes=MOST_BYTES)
                alt = texts[min(number, len(texts) - 1)] if texts else None
                found.append((await file.read(), str(number + 1), alt))
            return found
    except (MultiPartException, HTTPException) as error:
        raise UploadExpected from error


def _alt(value: object) -> str:
    try:
        return _ALT.validate_python(value)
    except ValidationError as error:
        found = [{**each, "loc": ("body", "alt")} for each in error.errors()]
        raise RequestValidationError(found) from error

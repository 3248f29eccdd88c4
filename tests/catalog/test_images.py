"""Pictures of products: written in two places, shown in one shape."""

import httpx2
from sqlalchemy import select

from mestore.catalog.models import ProductImage
from mestore.catalog.service.images import ImageService
from mestore.catalog.service.sale import SaleItems
from mestore.catalog.types import ImagePolicy, NewImage
from mestore.kernel.db import Database
from tests.build import Build


async def test_pictures_are_shown_in_order_with_every_size(
    client: httpx2.AsyncClient, build: Build, database: Database
) -> None:
    product = await build.product()
    database.policies = {ImagePolicy: ImagePolicy("https://cdn.example.com/m")}
    before = (await client.get(f"/products/{product.id}")).headers["etag"]
    for images in (
        [NewImage("sample/a", 1200, 900, "Frente"), NewImage("sample/b", 800, 800)],
        [NewImage("sample/c", 640, 480)],
    ):
        async with database.transaction() as tx:
            await ImageService(tx).attach_images(product.id, images)
    answer = await client.get(f"/products/{product.id}/images")
    images_shown = answer.json()["images"]
    async with database.read() as connection:
        query = select(ProductImage.id).order_by(ProductImage.position)
        ids = (await connection.execute(query)).scalars().all()
    assert images_shown[0] == {
        "id": str(ids[0]),
        "alt": "Frente",
        "position": 0,
        "width": 1200,
        "height": 900,
        "urls": {
            "original": "https://cdn.example.com/m/sample/a/original.webp",
            "large": "https://cdn.example.com/m/sample/a/large.webp",
            "medium": "https://cdn.example.com/m/sample/a/medium.webp",
            "small": "https://cdn.example.com/m/sample/a/small.webp",
            "thumbnail": "https://cdn.example.com/m/sample/a/thumbnail.webp",
        },
    }
    shown = [(image["id"], image["alt"], image["position"]) for image in images_shown]
    assert shown == [(str(ids[0]), "Frente", 0), (str(ids[1]), None, 1), (str(ids[2]), None, 2)]
    detail = await client.get(f"/products/{product.id}")
    assert detail.json()["images"] == images_shown
    assert (before[:3], detail.headers["etag"][:3]) == ('"1.', '"3.')
    async with database.read() as connection:
        sold = await SaleItems(connection).of([(product.id, None)])
    assert sold[product.id, None].image_url == images_shown[0]["urls"]["thumbnail"]

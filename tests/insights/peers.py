"""Shops that sell things like each other."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import update

from mestore.catalog.models import Product
from mestore.catalog.service.names import brand_key
from mestore.insights.repository.days import DayRepository
from mestore.insights.types.days import DayCount
from mestore.kernel.clock import today_in_bogota
from mestore.search.service import IndexService
from tests.build import Build, BuiltCategory, BuiltProduct, BuiltVendor

GOOD: dict[str, Any] = {
    "description": "Camiseta de algodón peinado, suave y fresca, con costuras reforzadas. "
    "Se lava a máquina y no encoge. Cuello redondo, manga corta y corte recto para uso diario.",
    "short_description": "Camiseta de algodón peinado, suave y fresca.",
    "brand": "Norteña",
    "brand_key": brand_key("Norteña"),
    "tags": ["camiseta"],
    "seo_title": "Camiseta negra de algodón Norteña",
    "seo_description": "Camiseta negra de algodón peinado, suave y fresca, "
    "de manga corta y cuello redondo.",
    "slug": "camiseta-negra-algodon-nortena",
    "images": [
        {"id": f"picture-{number}", "alt": "De frente", "position": number, "urls": {}}
        | {"width": 1200, "height": 1200}
        for number in range(3)
    ],
}
NAME = "Camiseta negra de algodón Norteña"


@dataclass(frozen=True)
class Market:
    """A category, with shops that each offer something in it."""

    build: Build
    category: BuiltCategory

    async def subject(self, *, price: str = "50000", **changes: Any) -> BuiltProduct:  # noqa: ANN401  any column
        """Make a product with nothing to propose for, but for what `changes` says."""
        name = changes.pop("name", NAME)
        category = changes.pop("category", self.category)
        product = await self.build.product(name=name, price=price, category=category)
        await self.write(product, **(GOOD | changes))
        return product

    async def peers(
        self,
        *prices: int,
        name: str = "Camiseta de algodón",
        vendor: BuiltVendor | None = None,
        sold: bool = False,
        **changes: Any,  # noqa: ANN401  any column
    ) -> list[BuiltProduct]:
        """Make a product of each price, each of another shop unless `vendor` is given."""
        made = []
        for price in prices:
            product = await self.build.product(
                name=name, price=str(price), category=self.category, vendor=vendor
            )
            if changes:
                await self.write(product, **changes)
            if sold:
                await self.sell(product)
            made.append(product)
        return made

    async def index(self, *products: BuiltProduct) -> None:
        """Let search find these."""
        for product in products:
            async with self.build.database.transaction() as tx:
                await IndexService(tx).refresh(product.id)

    async def fill(self, number: int, *, name: str) -> None:
        """Make so many products of one shop."""
        vendor = await self.build.vendor()
        for _ in range(number):
            await self.build.product(name=name, category=self.category, vendor=vendor)

    async def write(self, product: BuiltProduct, **values: Any) -> None:  # noqa: ANN401  any column
        """Change columns of a product."""
        async with self.build.database.transaction() as tx:
            query = update(Product).where(Product.id == product.id).values(**values)
            await tx.connection.execute(query)

    async def sell(self, product: BuiltProduct) -> None:
        """Count a sale of today."""
        count = DayCount(
            day=today_in_bogota(),
            product_id=product.id,
            vendor_id=product.vendor.id,
            orders=1,
            units=1,
            sales_minor=1,
        )
        async with self.build.database.transaction() as tx:
            await DayRepository(tx.connection).count([count])

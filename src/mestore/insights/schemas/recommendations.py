"""What the endpoints of insights answer."""

from pydantic import BaseModel

from mestore.catalog.schemas.answers import ProductOut


class RecommendationsOut(BaseModel):
    """Products worth showing, by why; a product stands in one list only."""

    also_bought: list[ProductOut]
    similar: list[ProductOut]
    personal: list[ProductOut]
    popular: list[ProductOut]

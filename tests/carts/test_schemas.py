"""The cart that is sent is the cart that is documented."""

import msgspec
import pytest
from pydantic import BaseModel

from mestore.carts.schemas import CartItemOut, CartOut
from mestore.carts.views import CartItemView, CartView


@pytest.mark.parametrize(("struct", "schema"), [(CartView, CartOut), (CartItemView, CartItemOut)])
def test_what_is_sent_is_what_is_documented(
    struct: type[msgspec.Struct], schema: type[BaseModel]
) -> None:
    assert list(struct.__struct_fields__) == list(schema.model_fields)

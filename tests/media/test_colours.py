"""Pictures that are written anew look as they did."""

import io

import pytest
from PIL import Image

from mestore.media.service import take_in
from tests.catalog.pictures import grey_of_16_bits, red_that_is_blue


@pytest.mark.parametrize(
    ("content", "colour"),
    [
        (grey_of_16_bits(0.5), (127, 127, 127)),
        (red_that_is_blue(), (0, 0, 255)),
        (red_that_is_blue("PNG", "RGBA"), (0, 0, 255)),
        (red_that_is_blue("PNG", "P"), (0, 0, 255)),
        (red_that_is_blue("JPEG", "L"), (76, 76, 76)),
    ],
)
async def test_colours_are_those_that_the_file_means(
    content: bytes, colour: tuple[int, int, int]
) -> None:
    taken = await take_in(content, "1")
    kept = Image.open(io.BytesIO(taken.content)).convert("RGB").getpixel((50, 50))
    assert kept == pytest.approx(colour, abs=2)

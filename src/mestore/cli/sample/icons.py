"""Twelve flat icons, one per sample category, drawn as grey masks on a 100 by 100 grid."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw

INK = 255
SHADE = 120
CUT = 0

# ImageDraw does not smooth edges, so an icon is drawn larger and reduced.
OVERSAMPLING = 4

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws shapes given in grid units."""

    draw: ImageDraw.ImageDraw
    unit: float

    def box(self, left: float, top: float, right: float, bottom: float, **style: int) -> None:
        """A rectangle with optional rounded corners (`radius`) and tone."""
        corners = (left * self.unit, top * self.unit, right * self.unit, bottom * self.unit)
        radius = style.get("radius", 0) * self.unit
        self.draw.rounded_rectangle(corners, radius, fill=style.get("tone", INK))

    def oval(self, x: float, y: float, rx: float, ry: float, tone: int = INK) -> None:
        """An ellipse around its centre."""
        u = self.unit
        self.draw.ellipse(((x - rx) * u, (y - ry) * u, (x + rx) * u, (y + ry) * u), fill=tone)

    def shape(self, points: Sequence[Point], tone: int = INK) -> None:
        """A filled polygon."""
        self.draw.polygon([(x * self.unit, y * self.unit) for x, y in points], fill=tone)

    def line(self, points: Sequence[Point], width: float, tone: int = INK) -> None:
        """A path with round ends and joints."""
        scaled = [(x * self.unit, y * self.unit) for x, y in points]
        self.draw.line(scaled, fill=tone, width=round(width * self.unit), joint="curve")
        for x, y in (points[0], points[-1]):
            self.oval(x, y, width / 2, width / 2, tone)

    def arc(self, x: float, y: float, r: float, turn: tuple[float, float], width: float) -> None:
        """A part of a circle, in degrees clockwise from three o'clock."""
        u = self.unit
        corners = ((x - r) * u, (y - r) * u, (x + r) * u, (y + r) * u)
        self.draw.arc(corners, turn[0], turn[1], fill=INK, width=round(width * u))


def _phone(pen: Pen) -> None:
    pen.box(29, 6, 71, 94, radius=8)
    pen.box(34, 16, 66, 80, radius=2, tone=SHADE)
    pen.box(43, 9.5, 57, 12, radius=1, tone=CUT)
    pen.oval(50, 87, 3.5, 3.5, CUT)


def _laptop(pen: Pen) -> None:
    pen.box(16, 18, 84, 70, radius=5)
    pen.box(22, 24, 78, 64, radius=2, tone=SHADE)
    pen.line([(34, 54), (44, 44), (52, 50), (66, 34)], 4)
    pen.box(5, 74, 95, 83, radius=4)
    pen.box(41, 74, 59, 77.5, radius=1, tone=CUT)


def _headphones(pen: Pen) -> None:
    pen.arc(50, 52, 38, (180, 360), 8)
    pen.box(12, 50, 20, 66)
    pen.box(80, 50, 88, 66)
    pen.box(10, 54, 32, 88, radius=8)
    pen.box(68, 54, 90, 88, radius=8)
    pen.box(26, 58, 32, 84, radius=3, tone=SHADE)
    pen.box(68, 58, 74, 84, radius=3, tone=SHADE)


def _pot(pen: Pen) -> None:
    pen.box(6, 50, 94, 59, radius=4)
    pen.box(18, 42, 82, 86, radius=10)
    pen.box(18, 42, 82, 52)
    pen.box(18, 66, 82, 72, tone=SHADE)
    pen.box(14, 32, 86, 39, radius=3)
    pen.oval(50, 25, 7, 6)


def _dress(pen: Pen) -> None:
    pen.line([(38, 8), (38, 24)], 5)
    pen.line([(62, 8), (62, 24)], 5)
    pen.shape([(31, 20), (43, 25), (50, 29), (57, 25), (69, 20), (65, 36), (62, 46), (38, 46)])
    pen.shape([(38, 50), (62, 50), (84, 90), (67, 94), (50, 95), (33, 94), (16, 90)])
    pen.box(37, 44, 63, 51, tone=SHADE)


def _shirt(pen: Pen) -> None:
    pen.shape([(34, 12), (66, 12), (96, 32), (84, 50), (74, 44), (74, 90), (26, 90), (26, 44)])
    pen.shape([(34, 12), (4, 32), (16, 50), (26, 44), (40, 30)])
    pen.oval(50, 12, 13, 10, CUT)
    pen.box(56, 42, 68, 54, radius=1, tone=SHADE)


def _shoe(pen: Pen) -> None:
    upper = [(8, 34), (14, 30), (24, 37), (35, 36), (43, 24), (50, 25), (64, 47), (84, 54)]
    pen.shape([*upper, (94, 62), (95, 72), (6, 72)])
    for x, y in ((46, 33), (51, 41), (56, 49)):
        pen.line([(x, y), (x + 7, y - 4)], 3, CUT)
    pen.shape([(8, 46), (24, 52), (22, 66), (7, 66)], SHADE)
    pen.box(4, 71, 96, 82, radius=5)
    pen.box(4, 69, 96, 71.5, tone=CUT)


def _lipstick(pen: Pen) -> None:
    pen.shape([(40, 16), (60, 6), (60, 42), (40, 42)])
    pen.oval(50, 15, 10, 8)
    pen.shape([(38, 4), (62, 4), (62, 6), (40, 18), (38, 18)], CUT)
    pen.box(37, 40, 63, 58, tone=SHADE)
    pen.box(32, 56, 68, 94, radius=4)
    pen.box(32, 62, 68, 65, tone=CUT)


def _ball(pen: Pen) -> None:
    pen.oval(50, 50, 43, 43)
    pen.shape([(50, 33), (66, 45), (60, 63), (40, 63), (34, 45)], CUT)
    spokes = (((50, 33), (50, 7)), ((66, 45), (91, 36)), ((60, 63), (76, 84)))
    for start, end in (*spokes, ((40, 63), (24, 84)), ((34, 45), (9, 36))):
        pen.line([start, end], 3.5, CUT)
    for x, y in ((50, 8), (91, 37), (76, 84), (24, 84), (9, 37)):
        pen.oval(x, y, 8, 8, CUT)
    pen.arc(50, 50, 43, (0, 360), 3.5)


def _bottle(pen: Pen) -> None:
    pen.oval(50, 12, 6, 7)
    pen.shape([(45, 14), (55, 14), (62, 28), (38, 28)])
    pen.box(31, 28, 69, 38, radius=3, tone=SHADE)
    pen.box(33, 40, 67, 95, radius=9)
    for y in (54, 65, 76):
        pen.box(54, y, 67, y + 3, tone=CUT)


def _paw(pen: Pen) -> None:
    pen.oval(20, 48, 10, 13)
    pen.oval(39, 25, 10.5, 14)
    pen.oval(61, 25, 10.5, 14)
    pen.oval(80, 48, 10, 13)
    pen.oval(50, 62, 19, 18)
    pen.oval(36, 76, 13, 12)
    pen.oval(64, 76, 13, 12)
    pen.box(38, 70, 62, 84)


def _cup(pen: Pen) -> None:
    pen.arc(76, 54, 16, (250, 110), 6)
    pen.box(20, 38, 76, 80, radius=16)
    pen.box(20, 38, 76, 58)
    pen.box(20, 46, 76, 51, tone=SHADE)
    pen.box(8, 84, 88, 91, radius=3)
    for x in (36, 48, 60):
        pen.line([(x, 30), (x - 3, 24), (x + 3, 17), (x, 10)], 4)


def _parcel(pen: Pen) -> None:
    pen.box(14, 22, 86, 84, radius=5)
    pen.box(14, 40, 86, 43, tone=CUT)
    pen.box(43, 22, 57, 58, tone=SHADE)


ICONS: Mapping[str, Callable[[Pen], None]] = {
    "celulares-y-accesorios": _phone,
    "computadores-y-oficina": _laptop,
    "audio-y-tv": _headphones,
    "hogar-y-cocina": _pot,
    "moda-mujer": _dress,
    "moda-hombre": _shirt,
    "calzado": _shoe,
    "belleza-y-cuidado": _lipstick,
    "deportes": _ball,
    "bebes-y-ninos": _bottle,
    "mascotas": _paw,
    "cafe-y-mercado": _cup,
}


@lru_cache(maxsize=16)
def icon_mask(category_slug: str, size: int) -> Image.Image:
    """The icon of a category, a parcel for one that is not known; shared, so never draw on it."""
    large = size * OVERSAMPLING
    mask = Image.new("L", (large, large), CUT)
    ICONS.get(category_slug, _parcel)(Pen(ImageDraw.Draw(mask), large / 100))
    return mask.reduce(OVERSAMPLING)


@lru_cache(maxsize=1)
def disc_mask(size: int) -> Image.Image:
    """A full circle; shared, so never draw on it."""
    large = size * OVERSAMPLING
    mask = Image.new("L", (large, large), CUT)
    ImageDraw.Draw(mask).ellipse((0, 0, large - 1, large - 1), fill=INK)
    return mask.reduce(OVERSAMPLING)

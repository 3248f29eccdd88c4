"""What the pictures of a product lack: number, size, words for who cannot see them."""

from collections.abc import Iterator
from statistics import median

from mestore.insights.types.proposals import Comparison, Idea, Priority

FEW = 3
SMALL_SIDE = 800
"""Below this many pixels on its longer side a picture cannot be enlarged."""
LONGEST_ALT = 300
SHOWN = 5


def of_pictures(compared: Comparison) -> Iterator[Idea]:
    """Propose more pictures, larger ones, and texts for them."""
    pictures = compared.subject.pictures
    if len(pictures) < FEW:
        evidence: dict[str, object] = {"count": len(pictures), "least": FEW}
        if compared.similar:
            counts = [peer.pictures for peer in compared.similar]
            evidence |= {"median_count": int(median(counts)), "compared": len(counts)}
        yield Idea(
            field="images",
            code="IMAGES_FEW" if pictures else "IMAGES_MISSING",
            priority=Priority.MEDIUM if pictures else Priority.HIGH,
            current=len(pictures),
            evidence=evidence,
        )
    small = [each for each in pictures if max(each.width, each.height) < SMALL_SIDE]
    if small:
        sizes = {each.id: f"{each.width}x{each.height}" for each in small[:SHOWN]}
        yield Idea(
            field="images",
            code="IMAGES_SMALL",
            priority=Priority.MEDIUM,
            current=sizes,
            evidence={"count": len(small), "least": SMALL_SIDE},
        )
    yield from _texts(compared)


def _texts(compared: Comparison) -> Iterator[Idea]:
    pictures = compared.subject.pictures
    name = compared.subject.name[: LONGEST_ALT - 20]
    silent = [(at, each) for at, each in enumerate(pictures, 1) if not (each.alt or "").strip()]
    if silent:
        yield Idea(
            field="images.alt",
            code="IMAGES_WITHOUT_TEXT",
            priority=Priority.LOW,
            proposed={each.id: name if at == 1 else f"{name}, imagen {at}" for at, each in silent},
            evidence={"count": len(silent)},
        )

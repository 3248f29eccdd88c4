"""The bar code of a bill as an SVG: GS1-128, all of it in set C of Code 128.

The bars come from python-barcode. Its own SVG draws a rectangle for each of some 400 modules; one
path of runs says the same in a tenth of the size, and the voucher is kept with its attempt.
"""

from itertools import groupby

from barcode.codex import Gs1_128  # type: ignore[import-untyped]  # it has no types

from mestore.payments.vouchers import FNC1

QUIET_MODULES = 10
"""The free space before and after the bars that readers need (ISO/IEC 15417)."""

HEIGHT_MODULES = 60


def modules_of(element_string: str) -> str:
    """Return the modules of the bars, `1` for dark: start, fields, check symbol, stop."""
    library_fnc1: str = Gs1_128.FNC1_CHAR
    # The library writes the first FNC1 itself.
    fields = element_string.removeprefix(FNC1).replace(FNC1, library_fnc1)
    (modules,) = Gs1_128(fields).build()
    return str(modules)


def svg_of(element_string: str) -> str:
    """Return the bars as an SVG image, one unit a module."""
    position, bars = QUIET_MODULES, []
    for module, run in groupby(modules_of(element_string)):
        width = len(list(run))
        if module == "1":
            bars.append(f"M{position} 0h{width}v{HEIGHT_MODULES}h-{width}z")
        position += width
    box = f"0 0 {position + QUIET_MODULES} {HEIGHT_MODULES}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" shape-rendering="crispEdges">'
        f'<rect width="100%" height="100%" fill="#fff"/><path d="{"".join(bars)}"/></svg>'
    )

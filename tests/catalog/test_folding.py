"""Names become slugs, and what search compares."""

import pytest

from mestore.catalog.folding import folded, search_text, slug_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Piñata, BOGOTÁ!", "pinata bogota"),
        ("  Pingüino   ñandú ", "pinguino nandu"),
        ("Straße", "strasse"),
        ("under_score 100%", "under score 100"),
        ("¡¡!!", ""),
        ("日本", "日本"),
    ],
)
def test_folded_text_has_no_accents_case_or_signs(text: str, expected: str) -> None:
    assert folded(text) == expected


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("Camión de Bomberos #3", 50, "camion-de-bomberos-3"),
        ("uno dos tres", 8, "uno-dos"),
        ("uno dos tres", 7, "uno-dos"),
        ("unodostres", 4, "unod"),
        ("日本", 50, ""),
        ("", 50, ""),
    ],
)
def test_a_slug_is_cut_between_words(text: str, length: int, expected: str) -> None:
    assert slug_of(text, length) == expected


def test_a_search_text_marks_its_tags() -> None:
    text = search_text("Nevera", "Cóndor", ["Línea Blanca", "hogar", "%"])
    assert text == "nevera condor #linea-blanca# #hogar# ##"
    assert len(search_text("x" * 9000, None, [])) == 4000

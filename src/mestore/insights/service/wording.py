"""Proposals in words: why, with the numbers of their evidence, in English and Spanish."""

from mestore.insights.types.proposals import Idea, Proposal
from mestore.kernel.money import CURRENCY

# code: (English, Spanish)
WORDS = {
    "NAME_SHOUTS": (
        "Names in capitals only are harder to read. Write brands and codes as they are.",
        "Los nombres solo en mayúsculas se leen peor. Escribe marcas y códigos como son.",
    ),
    "NAME_SHORT": (
        "The name has {length} letters; from {least} on it can say what, which and of whom.",
        "El nombre tiene {length} letras; desde {least} puede decir qué es, cuál y de qué marca.",
    ),
    "NAME_LONG": (
        "The name has {length} letters; lists cut it. Keep to {most} and move the rest below.",
        "El nombre tiene {length} letras y las listas lo cortan. Deja máximo {most} y pasa el "
        "resto a la descripción.",
    ),
    "NAME_WITHOUT_BRAND": (
        "The brand is not in the name, and buyers look for it.",
        "La marca no está en el nombre, y los compradores la buscan.",
    ),
    "NAME_WITHOUT_USUAL_WORDS": (
        "Most of {compared} similar products say this in their names. Add what is true of yours.",
        "La mayoría de {compared} productos similares dice esto en su nombre. Agrega lo que sea "
        "cierto del tuyo.",
    ),
    "DESCRIPTION_MISSING": (
        "There is no description. Say what it is for, what it is made of, and what is in the box.",
        "No hay descripción. Di para qué sirve, de qué está hecho y qué incluye.",
    ),
    "DESCRIPTION_SHORT": (
        "The description has {length} letters; from {least} on it answers what buyers ask.",
        "La descripción tiene {length} letras; desde {least} responde lo que preguntan los "
        "compradores.",
    ),
    "SHORT_DESCRIPTION_MISSING": (
        "Lists show the short description, and there is none. This is the first sentence.",
        "Las listas muestran la descripción corta y no hay. Esta es la primera frase.",
    ),
    "SEO_TITLE_MISSING": (
        "Search engines show about {most} letters of a title, and none is set.",
        "Los buscadores muestran unas {most} letras del título, y no hay uno.",
    ),
    "SEO_TITLE_LONG": (
        "The title for search engines has {length} letters; they show about {most}.",
        "El título para buscadores tiene {length} letras; ellos muestran unas {most}.",
    ),
    "SEO_DESCRIPTION_MISSING": (
        "Search engines show {least} to {most} letters under the title, and none are set.",
        "Los buscadores muestran de {least} a {most} letras bajo el título, y no hay texto.",
    ),
    "SEO_DESCRIPTION_LENGTH": (
        "The text for search engines has {length} letters; they show {least} to {most}.",
        "El texto para buscadores tiene {length} letras; ellos muestran de {least} a {most}.",
    ),
    "SLUG_LONG": (
        "The address has {length} letters; {most} are enough. The old one will lead to the new.",
        "La dirección tiene {length} letras; bastan {most}. La anterior llevará a la nueva.",
    ),
    "SLUG_SAYS_NOTHING": (
        "The address has no word of the name. The old one will lead to the new.",
        "La dirección no tiene ninguna palabra del nombre. La anterior llevará a la nueva.",
    ),
    "IMAGES_MISSING": (
        "There is no picture. Show it from {least} sides at least.",
        "No hay imágenes. Muéstralo al menos desde {least} ángulos.",
    ),
    "IMAGES_FEW": (
        "Pictures: {count}. Show it from {least} sides at least.",
        "Imágenes: {count}. Muéstralo al menos desde {least} ángulos.",
    ),
    "IMAGES_SMALL": (
        "Pictures with less than {least} pixels on their longer side: {count}. They cannot be "
        "enlarged.",
        "Imágenes con menos de {least} píxeles en su lado mayor: {count}. No se pueden ampliar.",
    ),
    "IMAGES_WITHOUT_TEXT": (
        "Pictures without a text for who cannot see them: {count}.",
        "Imágenes sin texto para quien no puede verlas: {count}.",
    ),
    "PRICE_BELOW_COST": (
        "The price is below the cost of {cost_price} {currency}: every sale loses money.",
        "El precio está por debajo del costo de {cost_price} {currency}: cada venta pierde dinero.",
    ),
    "PRICE_HIGH": (
        "Three quarters of {compared} comparable products cost {upper_quartile} {currency} or "
        "less; half cost {median} or less.",
        "Tres cuartas partes de {compared} productos comparables cuestan {upper_quartile} "
        "{currency} o menos; la mitad, {median} o menos.",
    ),
    "PRICE_LOW": (
        "Three quarters of {compared} comparable products cost {lower_quartile} {currency} or "
        "more: you may be giving money away.",
        "Tres cuartas partes de {compared} productos comparables cuestan {lower_quartile} "
        "{currency} o más: puede que estés dejando dinero sobre la mesa.",
    ),
    "TAGS_OF_SIMILAR": (
        "Several shops give these tags to similar products that sell. Keep those that fit.",
        "Varias tiendas ponen estas etiquetas a productos similares que se venden. Deja las que "
        "correspondan.",
    ),
    "TAGS_MISSING": (
        "There are no tags, and filters use them.",
        "No hay etiquetas, y los filtros las usan.",
    ),
    "CATEGORY_MISSING": (
        "Products without a category are not found by browsing.",
        "Los productos sin categoría no se encuentran al navegar.",
    ),
    "CATEGORY_OF_SIMILAR": (
        "{share} % of {compared} similar products are in another category.",
        "El {share} % de {compared} productos similares está en otra categoría.",
    ),
}


def worded(idea: Idea, language: str) -> Proposal:
    """Return a proposal as its reader gets it, in `es` or else in English."""
    template = WORDS[idea.code][language == "es"]
    return Proposal(
        idea.field,
        idea.code,
        idea.priority,
        idea.current,
        idea.proposed,
        template.format_map({**idea.evidence, "currency": CURRENCY}),
        idea.evidence,
        idea.source,
    )

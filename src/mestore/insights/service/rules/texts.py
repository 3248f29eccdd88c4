"""What the words of a product lack: its name, its descriptions, what search engines show of it."""

import re
from collections.abc import Iterator
from statistics import median

from mestore.catalog.service.names import slug_of
from mestore.insights.types.proposals import Comparison, Idea, Priority, Subject
from mestore.search.service import terms_of

SHORT_NAME = 20
LONG_NAME = 120
SHORT_DESCRIPTION = 150
EXCERPT = 160
LEAST_EXCERPT = 80
SEO_TITLE = 60
"""About what search engines show of a title, in letters."""
SEO_DESCRIPTION = 160
SHORT_SEO_DESCRIPTION = 70
SLUG = 75
_SENTENCE = re.compile(r"(?<=[.!?])\s")


def of_name(compared: Comparison) -> Iterator[Idea]:
    """Propose a better name: not shouted, neither short nor endless, with its brand."""
    name = compared.subject.name
    letters: dict[str, object] = {"length": len(name)}
    better = _with_brand(compared.subject)
    if name.isupper() and len(name) >= SHORT_NAME // 2:
        yield _name(name, "NAME_SHOUTS", Priority.MEDIUM, name.capitalize(), letters)
    elif len(name) < SHORT_NAME:
        evidence = {**letters, "least": SHORT_NAME}
        yield _name(name, "NAME_SHORT", Priority.MEDIUM, better, evidence)
    elif len(name) > LONG_NAME:
        yield _name(name, "NAME_LONG", Priority.LOW, None, {**letters, "most": LONG_NAME})
    elif better is not None:
        yield _name(name, "NAME_WITHOUT_BRAND", Priority.LOW, better, letters)
    if compared.words:
        said: dict[str, object] = {"words": list(compared.words)}
        said |= {"compared": len(compared.similar)}
        yield _name(name, "NAME_WITHOUT_USUAL_WORDS", Priority.LOW, None, said)


def of_description(compared: Comparison) -> Iterator[Idea]:
    """Propose to describe more; only a person knows what is true of the product."""
    subject = compared.subject
    text = (subject.description or "").strip()
    evidence: dict[str, object] = {"length": len(text), "least": SHORT_DESCRIPTION}
    if compared.similar:
        lengths = [peer.description_length for peer in compared.similar]
        evidence |= {"median_length": int(median(lengths)), "compared": len(lengths)}
    if not text:
        code, priority = "DESCRIPTION_MISSING", Priority.HIGH
    else:
        code, priority = "DESCRIPTION_SHORT", Priority.MEDIUM
    if len(text) < SHORT_DESCRIPTION:
        yield Idea(
            field="description",
            code=code,
            priority=priority,
            current=subject.description,
            evidence=evidence,
        )
    if not subject.short_description and len(text) >= LEAST_EXCERPT:
        yield Idea(
            field="short_description",
            code="SHORT_DESCRIPTION_MISSING",
            priority=Priority.LOW,
            proposed=cut(_SENTENCE.split(text)[0], EXCERPT),
            evidence={"length": len(text)},
        )


def of_seo(compared: Comparison) -> Iterator[Idea]:
    """Propose what search engines show: a title and a description of a length that they show."""
    subject = compared.subject
    title, description = subject.seo_title or "", subject.seo_description or ""
    if not title or len(title) > SEO_TITLE:
        yield Idea(
            field="seo_title",
            code="SEO_TITLE_LONG" if title else "SEO_TITLE_MISSING",
            priority=Priority.LOW if title else Priority.MEDIUM,
            current=subject.seo_title,
            proposed=cut(title or _with_brand(subject) or subject.name, SEO_TITLE),
            evidence={"length": len(title), "most": SEO_TITLE},
        )
    if SHORT_SEO_DESCRIPTION <= len(description) <= SEO_DESCRIPTION:
        return
    source = description if len(description) > SEO_DESCRIPTION else _longer(subject)
    proposed = cut(source, SEO_DESCRIPTION)
    evidence = {"least": SHORT_SEO_DESCRIPTION, "most": SEO_DESCRIPTION}
    yield Idea(
        field="seo_description",
        code="SEO_DESCRIPTION_LENGTH" if description else "SEO_DESCRIPTION_MISSING",
        priority=Priority.LOW if description else Priority.MEDIUM,
        current=subject.seo_description,
        # A text that is as short as the present one is no better.
        proposed=proposed if len(proposed) >= SHORT_SEO_DESCRIPTION else None,
        evidence={"length": len(description), **evidence},
    )


def of_slug(compared: Comparison) -> Iterator[Idea]:
    """Propose an address that says what the product is, where the present one does not."""
    subject = compared.subject
    better = better_slug(subject)
    if better is None:
        return
    yield Idea(
        field="slug",
        code="SLUG_LONG" if len(subject.slug) > SLUG else "SLUG_SAYS_NOTHING",
        priority=Priority.LOW,
        current=subject.slug,
        proposed=better if compared.is_slug_free else None,
        evidence={"length": len(subject.slug), "most": SLUG},
    )


def better_slug(subject: Subject) -> str | None:
    """Return the address that the name would give; None where the present one serves."""
    better = slug_of(subject.name, SLUG)
    says = set(subject.slug.split("-")) & set(better.split("-"))
    if not better or better == subject.slug or (says and len(subject.slug) <= SLUG):
        return None
    return better


def cut(text: str, most: int) -> str:
    """Return a text on one line, cut between words with an ellipsis where it is too long."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    kept = line[:most]
    return (kept[: most - 1].rpartition(" ")[0] or kept[: most - 1]).rstrip(" ,;:.") + "…"


def _with_brand(subject: Subject) -> str | None:
    """Return the name with the brand behind it; None where it has it, or has no room for it."""
    if not subject.brand or terms_of(subject.brand).keys() & terms_of(subject.name).keys():
        return None
    better = f"{subject.name} {subject.brand}"
    return better if len(better) <= LONG_NAME else None


def _longer(subject: Subject) -> str:
    return max(subject.short_description or "", subject.description or "", key=len)


def _name(
    name: str, code: str, priority: Priority, proposed: str | None, evidence: dict[str, object]
) -> Idea:
    return Idea(
        field="name",
        code=code,
        priority=priority,
        current=name,
        proposed=proposed,
        evidence=evidence,
    )

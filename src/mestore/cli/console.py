"""What every command does alike: read the settings, say what is wrong, leave with a code."""

from typing import NoReturn

import typer
from pydantic import ValidationError

from mestore.settings import Settings


def fail(*lines: str) -> NoReturn:
    """Print what is wrong and what to do, and exit with 1."""
    for line in lines:
        typer.secho(line, err=True, fg=typer.colors.RED)
    raise typer.Exit(1)


def settings() -> Settings:
    """Return the settings; what cannot be used is said by name."""
    try:
        found = Settings()
    except ValidationError as error:
        fail(
            "These settings cannot be used:",
            *(f"  {_named(issue['loc'])}{issue['msg']}" for issue in error.errors()),
            "Set them in the environment or in .env; .env.example lists them all.",
        )
    if problems := found.problems():
        fail("Production cannot start like this:", *(f"  {line}" for line in problems))
    for line in found.advice():
        typer.secho(f"Note: {line}", err=True, fg=typer.colors.YELLOW)
    return found


def _named(place: tuple[int | str, ...]) -> str:
    """Return the setting that is wrong; a message about several names them itself."""
    return f"{str(place[0]).upper()}: " if place else ""

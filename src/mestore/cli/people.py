"""Commands around people: add who runs the marketplace, let in again who lost a phone."""

import typer

from mestore.accounts.service.mfa import reset_mfa as reset
from mestore.accounts.service.registration import create_admin as create
from mestore.bootstrap import App
from mestore.cli.console import fail
from mestore.cli.database import with_app
from mestore.kernel.errors import Refusal
from mestore.migrations.run import upgrade


def create_admin(email: str, password: str, *, superuser: bool) -> None:
    """Add an ADMIN or a SUPERUSER."""

    async def work(app: App) -> None:
        await upgrade(app.database.writes)
        try:
            await create(
                app.database, app.passwords, email=email, password=password, superuser=superuser
            )
        except (Refusal, ValueError) as error:
            fail(str(error))
        typer.echo(f"{email} can sign in at POST /api/v1/auth/admin-login.")

    with_app(work)


def reset_mfa(email: str) -> None:
    """Take the second factors of an account away, and end its sessions."""

    async def work(app: App) -> None:
        try:
            await reset(app.database, email)
        except ValueError as error:
            fail(str(error))
        typer.echo(f"{email} signs in with the password alone until MFA is turned on again.")

    with_app(work)

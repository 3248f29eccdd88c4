"""What every test may ask for: a real database of each engine, the real app over it, a client."""

import gc
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import event
from sqlalchemy.engine import URL

from mestore import bootstrap, subscriptions
from mestore.accounts.service.sessions import SessionService
from mestore.accounts.types import Device
from mestore.accounts.views import get_profile
from mestore.bootstrap import App
from mestore.checkout.types import Outside
from mestore.kernel.clock import Clock
from mestore.kernel.db import Database
from mestore.kernel.outbox import Outbox
from mestore.main import create_app
from mestore.media.adapters.disk import DiskBlobs
from mestore.notifications.adapters.files import MailFiles
from mestore.notifications.adapters.sms_log import SmsLog
from mestore.settings import Environment, Settings
from tests import engines
from tests.build import PASSWORD, Build, BuiltUser
from tests.checkout.bank import Bank
from tests.checkout.till import Till
from tests.compiled import share_compiled
from tests.simulators.processes import Simulators


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--db",
        default=None,
        help="which databases: sqlite, postgres, mariadb, a comma list of them, or all",
    )


def chosen_engines(config: pytest.Config) -> list[str]:
    """Return the engines that this run is for."""
    required = os.environ.get("REQUIRE_SERVICES", "")
    default = "sqlite,postgres,mariadb" if "mariadb" in required else "sqlite,postgres"
    asked: str = config.getoption("--db") or default
    names = list(engines.ENGINES) if asked == "all" else asked.replace(" ", "").split(",")
    if unknown := set(names) - set(engines.ENGINES):
        raise pytest.UsageError(f"--db: there is no engine {', '.join(sorted(unknown))}")
    return names


def pytest_configure(config: pytest.Config) -> None:
    chosen_engines(config)
    console = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[structlog.processors.add_log_level, console])
    if hasattr(config, "workerinput"):
        return
    for service in engines.STANDARD_URLS:
        if engines.must_answer(service):
            try:
                engines.check(service)
            except engines.NotRunning as error:
                raise pytest.UsageError(str(error)) from error


def pytest_collection_finish() -> None:
    # Ten thousand collected tests live to the end; each full collection would stop for them, and
    # such a stop of a second is what a test of time-outs fails by.
    gc.collect()
    gc.freeze()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name in {"engine_url", "bare_url"}.intersection(metafunc.fixturenames):
        metafunc.parametrize(name, chosen_engines(metafunc.config), indirect=True)


@pytest.fixture
def nobody_listens() -> Iterator[int]:
    """A port of this machine where connections are refused; nobody else gets it meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
async def database_away(nobody_listens: int) -> AsyncIterator[Database]:
    """A database whose server does not answer. No file: aiosqlite leaves a thread behind there."""
    away = Database(f"postgresql+asyncpg://nobody@127.0.0.1:{nobody_listens}/nothing")
    yield away
    await away.close()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run every async test on asyncio, each in an event loop of its own."""
    return "asyncio"


class Sources:
    """The session's own database of each engine, made when the first test asks for it."""

    def __init__(self, folder: Path, run: str, stack: ExitStack) -> None:
        self.folder = folder
        self.run = run
        self.stack = stack

    @cached_property
    def sqlite(self) -> Path:
        """A SQLite file with the schema, to be copied."""
        return self.stack.enter_context(engines.sqlite_template(self.folder))

    @cached_property
    def postgres_server(self) -> URL:
        """A PostgreSQL server."""
        return self.stack.enter_context(engines.postgres_server(self.run))

    @cached_property
    def mariadb_server(self) -> URL:
        """A MariaDB server."""
        return engines.mariadb_server()

    @cached_property
    def postgres(self) -> engines.FullDatabase:
        """A database with the schema on PostgreSQL."""
        return self.stack.enter_context(engines.full_database(self.postgres_server))

    @cached_property
    def mariadb(self) -> engines.FullDatabase:
        """A database with the schema on MariaDB."""
        return self.stack.enter_context(engines.full_database(self.mariadb_server))

    def of(self, name: str) -> Any:  # noqa: ANN401  each has its own type
        """Return one of the above; where its server does not run, the test is skipped."""
        try:
            return getattr(self, name)
        except engines.NotRunning as error:
            pytest.skip(str(error))


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sources]:
    """The databases of this run; dropped at its end."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    with ExitStack() as stack:
        yield Sources(tmp_path_factory.mktemp("databases"), run, stack)


@pytest.fixture
def engine_url(request: pytest.FixtureRequest, sources: Sources, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database with the whole schema; the test runs once per engine."""
    if request.param == "sqlite":
        url = engines.copy_of(sources.sqlite, tmp_path)
        yield url.render_as_string(hide_password=False)
        # Of all tests these would be gigabytes, and pytest keeps the folders of three runs.
        Path(str(url.database)).unlink()
    else:
        full: engines.FullDatabase = sources.of(request.param)
        yield full.url.render_as_string(hide_password=False)
        full.empty()


@pytest.fixture
def bare_url(request: pytest.FixtureRequest, sources: Sources, tmp_path: Path) -> Iterator[str]:
    """The address of a database of the test's own without any table; once per engine."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'bare.db'}"
    else:
        with engines.empty_database(sources.of(f"{request.param}_server")) as url:
            yield url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulators]:
    """`simulator("payu")` starts that one as a process, once, and returns its address."""
    with Simulators() as found:
        yield found


@pytest.fixture
def wompi_base_url() -> str:
    """Where the program looks for Wompi: nobody listens there; override this to pay."""
    return "http://127.0.0.1:9/v1"


@pytest.fixture
def settings(engine_url: str, tmp_path: Path, wompi_base_url: str) -> Settings:
    """The settings of the program under test; override this fixture to try other ones."""
    own = {"database_url": engine_url, "data_dir": tmp_path, "wompi_base_url": wompi_base_url}
    return _plain_settings().model_copy(update=own)


@cache
def _plain_settings() -> Settings:
    """Return what all tests set alike, read once: looking for each setting takes its time."""
    return Settings(
        _env_file=None,
        environment=Environment.TESTING,
        secret_key=SecretStr("a secret of the tests, 32 characters or more"),
    )


@pytest.fixture
def program(settings: Settings) -> App:
    """The whole program as bootstrap wires it; `database` closes what it opened."""
    return bootstrap.build(settings)


@pytest.fixture
def opened(request: pytest.FixtureRequest, engine_url: str) -> tuple[Database, App | None]:
    """The program's database, or a cheaper one alike where the test needs no program."""
    if "program" in request.fixturenames:
        app: App = request.getfixturevalue("program")
        return app.database, app
    database = Database(engine_url)
    routes = subscriptions.routes(
        Outside(database, {}, ""),
        MailFiles(Path(), "tests@example.com"),
        SmsLog(shows_text=True),
        DiskBlobs(Path(), "/media"),
    )
    database.outbox = Outbox(subscriptions.addresses(routes))
    return database, None


@pytest.fixture
async def database(opened: tuple[Database, App | None]) -> AsyncIterator[Database]:
    """The database of this test, empty before and after it, with the program's own outbox."""
    database, app = opened
    share_compiled(database)
    yield database
    await (app or database).close()


@pytest.fixture
def app(program: App, database: Database) -> FastAPI:
    """The program's ASGI app over the test's database."""
    return create_app(program, with_jobs=False)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the app; paths are relative to /api/v1: `client.get("/products")`."""
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test/api/v1") as client:
        yield client


SignIn = Callable[..., Awaitable[dict[str, str]]]
AsUser = Callable[[BuiltUser], Awaitable[dict[str, str]]]


@pytest.fixture
def sign_in(client: httpx2.AsyncClient) -> SignIn:
    """`await sign_in(email, password)` signs in through the API and returns the headers to send."""

    async def headers(email: str, password: str = PASSWORD) -> dict[str, str]:
        answer = await client.post("/auth/login", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    return headers


@pytest.fixture
def as_user(program: App, database: Database) -> AsUser:
    """`await as_user(user)` opens a session without the password and returns the headers."""

    async def headers(user: BuiltUser) -> dict[str, str]:
        async with database.transaction() as tx:
            profile, _ = await get_profile(tx.connection, user.id)
            opened = await SessionService(tx).open(profile, Device("127.0.0.1", "tests"))
        return {"Authorization": f"Bearer {opened.access_token}"}

    return headers


@pytest.fixture
def build(database: Database) -> Build:
    """Makes valid rows: `await build.product(stock=1)`; see tests/build.py."""
    return Build(database)


@pytest.fixture
def till(database: Database, build: Build) -> Till:
    """Places orders and settles what a gateway says of them."""
    return Till(database, build)


@pytest.fixture
def bank() -> Bank:
    """A gateway in memory that cannot send money back."""
    return Bank()


@pytest.fixture
def outside(database: Database, bank: Bank) -> Outside:
    """The world with that gateway alone."""
    return Outside(database, {bank.code: bank}, "http://shop.example.com")


@pytest.fixture
def run_jobs(program: App, database: Database) -> Callable[[], Awaitable[int]]:
    """`await run_jobs()` runs due jobs until none is left, and returns how many ran."""
    worker = program.worker()

    async def run() -> int:
        total = 0
        while ran := await worker.run_due():
            total += ran
        return total

    return run


@pytest.fixture
def redis_url() -> str:
    """The address of a Redis that answers."""
    try:
        return engines.check("redis")
    except engines.NotRunning as error:
        pytest.skip(str(error))


class MovedClock:
    """The program's clock, which a test may push forward."""

    def advance(self, by: timedelta) -> None:
        """Let this much time pass at once."""
        Clock.offset += by


@pytest.fixture
def clock() -> Iterator[MovedClock]:
    """`clock.advance(timedelta(hours=1))`; the time is right again after the test."""
    yield MovedClock()
    Clock.offset = timedelta(0)


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    """The SQL statements that both lanes have sent, in order; clear it before what you count."""
    sent: list[str] = []

    def remember(_: object, __: object, statement: str, *___: object) -> None:
        sent.append(statement)

    engines_of_both = (database.writes.sync_engine, database.reads.sync_engine)
    for engine in engines_of_both:
        event.listen(engine, "before_cursor_execute", remember)
    yield sent
    for engine in engines_of_both:
        event.remove(engine, "before_cursor_execute", remember)

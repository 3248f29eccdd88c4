"""The chain: one entry an act, in an order that nobody changes unnoticed."""

import asyncio

import pytest

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.audit import service
from mestore.audit.types import GENESIS, Entry
from mestore.kernel.db import Database
from mestore.kernel.outbox import JobState
from mestore.operations.doctor import examine
from tests.audit.log import RunJobs, act, actions, entries, findings, jobs, put_back, tamper


@pytest.fixture
async def five(database: Database, run_jobs: RunJobs) -> Database:
    """A database whose audit log has five entries."""
    await act(database, times=5)
    await run_jobs()
    return database


async def test_entries_count_without_a_gap_and_name_the_hash_before(five: Database) -> None:
    found = await entries(five)
    assert [entry.sequence for entry in found] == [1, 2, 3, 4, 5]
    assert found[0].previous_hash == GENESIS
    assert [entry.previous_hash for entry in found[1:]] == [entry.hash for entry in found[:-1]]
    assert {(entry.actor_id, entry.ip_address, entry.request_id) for entry in found} == {
        (None, None, None)
    }
    assert await findings(five) == []


async def test_an_empty_log_is_whole(database: Database) -> None:
    assert await findings(database) == []


async def test_a_head_that_was_never_written_is_made(database: Database, run_jobs: RunJobs) -> None:
    await tamper(database, "DELETE FROM audit_head")
    for _ in range(2):
        await act(database)
        await run_jobs()
    assert [entry.sequence for entry in await entries(database)] == [1, 2]
    assert await findings(database) == []


async def test_an_act_that_is_rolled_back_leaves_nothing(
    database: Database, run_jobs: RunJobs
) -> None:
    async def fail() -> None:
        async with database.transaction() as tx:
            record(tx, Act.PRODUCT_EDITED, Subject.PRODUCT, 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await run_jobs()
    assert await entries(database) == []


async def test_fifty_parallel_acts_make_fifty_links(database: Database, run_jobs: RunJobs) -> None:
    async def one(number: int) -> None:
        async with database.transaction() as tx:
            record(tx, Act.PRODUCT_EDITED, Subject.PRODUCT, number)

    await asyncio.gather(*map(one, range(50)))
    # Two workers at once.
    await asyncio.gather(run_jobs(), run_jobs())

    found = await entries(database)
    assert [entry.sequence for entry in found] == list(range(1, 51))
    assert sorted(int(entry.subject_id) for entry in found) == list(range(50))
    assert set(await jobs(database)) == {JobState.DONE}
    assert await findings(database) == []


@pytest.mark.parametrize(
    "change",
    [
        "action = 'products.deleted'",
        "subject_id = '99'",
        "actor_type = 'ADMIN'",
        "ip_address = '192.0.2.1'",
        "request_id = 'another-one'",
        "at = '2026-01-01 00:00:00'",
        "before = '{}'",
        "after = NULL",
    ],
)
async def test_a_changed_entry_is_noticed(five: Database, change: str) -> None:
    column, _, value = change.partition(" = ")
    quote = "`" if five.dialect in {"mysql", "mariadb"} else '"'
    name = f"{quote}{column}{quote}"
    await tamper(five, f"UPDATE audit_entries SET {name} = {value} WHERE sequence = 3")  # noqa: S608
    assert await findings(five) == ["audit entry 3 was changed"]


async def test_an_entry_that_was_changed_with_its_hash_is_noticed(five: Database) -> None:
    third = (await entries(five))[2]
    await tamper(five, "DELETE FROM audit_entries WHERE sequence = 3")
    forged = Entry(
        **{name: getattr(third, name) for name in Entry.__dataclass_fields__} | {"subject_id": "99"}
    )
    await put_back(five, third, subject_id="99", hash=forged.hash())
    assert await findings(five) == ["audit entry 4 does not follow entry 3"]


async def test_an_entry_that_was_deleted_in_the_middle_is_noticed(five: Database) -> None:
    await tamper(five, "DELETE FROM audit_entries WHERE sequence IN (2, 3)")
    assert await findings(five) == ["audit entries 2 to 3 are missing"]


async def test_a_last_entry_that_was_deleted_is_noticed(five: Database) -> None:
    await tamper(five, "DELETE FROM audit_entries WHERE sequence = 5")
    assert await findings(five) == ["audit entries 5 to 5 are missing"]


async def test_a_log_that_was_emptied_is_noticed(five: Database) -> None:
    await tamper(five, "DELETE FROM audit_entries")
    assert await findings(five) == ["audit entries 1 to 5 are missing"]


async def test_entries_that_changed_places_are_noticed(five: Database) -> None:
    await tamper(
        five,
        "UPDATE audit_entries SET sequence = 99 WHERE sequence = 2",
        "UPDATE audit_entries SET sequence = 2 WHERE sequence = 3",
        "UPDATE audit_entries SET sequence = 3 WHERE sequence = 99",
    )
    found = await findings(five)
    assert "audit entry 2 was changed" in found
    assert "audit entry 3 was changed" in found


async def test_a_head_that_was_put_back_is_noticed(five: Database) -> None:
    fourth = (await entries(five))[3]
    await tamper(five, f"UPDATE audit_head SET sequence = 4, hash = '{fourth.hash}'")  # noqa: S608
    assert await findings(five) == ["the audit log has 5 entries, its head counts 4"]


async def test_without_its_head_no_entry_is_added(five: Database, run_jobs: RunJobs) -> None:
    await tamper(five, "DELETE FROM audit_head")
    assert await findings(five) == ["the audit log has 5 entries, its head counts 0"]
    await act(five)
    await run_jobs()
    assert len(await entries(five)) == 5
    assert (await jobs(five)).count(JobState.READY) == 1


async def test_a_head_with_another_hash_is_noticed(five: Database) -> None:
    await tamper(five, f"UPDATE audit_head SET hash = '{GENESIS}'")  # noqa: S608
    assert await findings(five) == ["audit entry 5 is not the one that the head tells of"]


async def test_the_doctor_notices_it_too(five: Database) -> None:
    async with five.read() as connection:
        assert await examine(connection) == []
    await tamper(five, "DELETE FROM audit_entries WHERE sequence = 2")
    async with five.read() as connection:
        assert await examine(connection) == ["audit entries 2 to 2 are missing"]


async def test_a_chain_is_read_in_batches_and_findings_end(
    five: Database, monkeypatch: pytest.MonkeyPatch, statements: list[str]
) -> None:
    monkeypatch.setattr(service, "BATCH", 2)
    statements.clear()
    assert await findings(five) == []
    # Three batches with entries, one without, and the head before and after.
    assert len(statements) == 6
    await tamper(five, "UPDATE audit_entries SET subject_id = '0'")
    monkeypatch.setattr(service, "MOST_FINDINGS", 3)
    assert len(await findings(five)) == 3


async def test_the_chain_goes_on_after_it_was_touched(five: Database, run_jobs: RunJobs) -> None:
    await tamper(five, "UPDATE audit_entries SET subject_id = '0' WHERE sequence = 5")
    await act(five)
    await run_jobs()
    assert await actions(five) == [Act.PRODUCT_EDITED] * 6
    assert await findings(five) == ["audit entry 5 was changed"]

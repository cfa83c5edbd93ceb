import asyncio
import threading

from app.kernel.database import Database
from app.kernel.ids import take_numbers, uuid7


def test_ids_are_version_7_and_sort_in_the_order_they_were_made() -> None:
    made = [uuid7() for _ in range(5_000)]
    assert made == sorted(made)
    assert {(u.version, u.variant) for u in made} == {(7, "specified in RFC 4122")}


def test_threads_never_make_the_same_id() -> None:
    made: list[object] = []
    threads = [threading.Thread(target=lambda: made.extend(uuid7() for _ in range(2_000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8_000


async def test_twenty_clerks_at_once_get_numbers_without_gap_or_double(committed: Database) -> None:
    async def take() -> list[int]:
        async with committed.writing() as session:
            return list(await take_numbers(session, "NJ2026-QH", 3))

    taken = await asyncio.gather(*(take() for _ in range(20)))
    assert sorted(n for numbers in taken for n in numbers) == list(range(1, 61))

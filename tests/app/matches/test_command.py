"""`sheqia match`: one run from the command line, told in words."""

import pytest

from app.kernel.database import Database
from app.kernel.errors import CannotRun
from app.matches import command, repository
from tests.factories.negotiations import make_pair


async def test_a_run_from_the_command_line_is_stored_and_told(
    committed: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    async with committed.writing() as session:
        pair = await make_pair(session)
    assert await command.run(committed, "", "loky") == 0
    async with committed.reading() as session:
        run = await repository.newest_run(session, pair.project.edition_code)
    assert run is not None and run.fingerprint is not None and run.requested_by == "system:command line"
    told = capsys.readouterr().out.replace("\n", "")
    assert "expert/2026-1" in told and "succeeded" in told and "入选配对" in told


def test_an_unknown_backend_is_refused_in_one_line() -> None:
    with pytest.raises(CannotRun) as refused:
        command.sharing_of("threads")
    assert refused.value.code == "no_such_backend"
    assert command.sharing_of(None) == command.ALONE

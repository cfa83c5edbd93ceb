from tests.app.imports.conftest import Door
from tests.app.imports.files import organization, project, table, workbook


async def test_orgs(door: Door) -> None:
    preview = await door.preview(workbook(table(organization())), "organizations")
    print(preview.about, preview.rows)
    assert preview.counts["ready"] == 1
    done = await door.commit(preview.id)
    print(done)
    assert done["state"] == "committed"


async def test_projects(door: Door) -> None:
    preview = await door.preview(workbook(table(project())), "projects")
    print(preview.about, preview.rows)
    assert preview.counts["ready"] == 1
    done = await door.commit(preview.id)
    print(done)
    assert done["state"] == "committed"

"""A bureau's list comes into the small world: uploaded, previewed and committed by the worker, dropped or taken back again."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.models import Account, RoleGrant
from app.identity.roles import Role
from app.imports import service as imports
from app.kernel.actor import Actor, Grant
from app.kernel.errors import SheqiaError
from app.kernel.job_worker import Worker
from tests.app.imports.files import project, table, text
from tests.factories import actors
from tests.factories.imports import send_list
from tests.invariants.play import Player

BUDGETS = (3, 2.5, "面议", 0, 900)
ENDINGS = ("commit", "commit", "commit_all_or_nothing", "cancel", "undo", "commit_twice")


def rows(dice: int) -> list[dict[str, Any]]:
    """Three projects of 锁金村: some good, some with what no list should hold; the same throw is the same list."""
    place = {"所属区": "玄武区", "街道": "锁金村街道", "购买方": "南京市玄武区锁金村街道办事处", "社区": None}
    found = []
    for number in range(3):
        title = f"邻里互助服务第{dice // 7 % 4 + number}号"
        budget = BUDGETS[(dice // 11 + number) % len(BUDGETS)]
        found.append(project(title, **place, **{"预算金额(万元)": budget}))
    return found


async def come_in(player: Player, dice: int) -> str:
    """Bring a list as far as the dice say; how its last step ended. Every invariant is asked on the way."""
    clerk = await _clerk(player)
    ending = ENDINGS[dice % len(ENDINGS)]
    content = text(table(*rows(dice)))
    try:
        async with player.database.writing() as session:
            thing, _ = await send_list(session, clerk, content)
        await _work(player, "read")
        steps = (
            ("cancel",)
            if ending == "cancel"
            else ("commit", "commit")
            if ending == "commit_twice"
            else ("commit",)
        )
        for step in (*steps, *(("undo",) if ending == "undo" else ())):
            data = {"all_or_nothing": ending == "commit_all_or_nothing"}
            async with player.database.writing() as session:
                found = await imports.get(session, clerk, thing.id)
                await imports.transition(session, clerk, found, step, "按规定办理", data)
            await _work(player, step)
        outcome = "done"
    except SheqiaError as error:
        outcome = error.code
    player.outcomes[f"list {ending}: {outcome}"] += 1
    return outcome


async def _work(player: Player, step: str) -> None:
    await Worker(player.database, imports.HANDLERS, places=1).drain()
    await player.check(f"a list was brought as far as {step}")


async def _clerk(player: Player) -> Actor:
    """The work is done in the name of an account, so the clerk needs one."""
    city = player.world.city
    async with player.database.writing() as session:
        if await session.get(Account, city.account_id) is None:
            await _open(session, city)
    return Actor(city.account_id, city.label, (Grant(Role.CITY_BUREAU, area_path=actors.CITY),))


async def _open(session: AsyncSession, clerk: Actor) -> None:
    account = Account(id=clerk.account_id, name="city.clerk", label=clerk.label)
    session.add(account)
    await session.flush()
    session.add(RoleGrant(account_id=account.id, role=Role.CITY_BUREAU, area_path=actors.CITY))

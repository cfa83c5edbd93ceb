"""The demonstration, as a new user meets it: one command, then the README's lines pasted one after another."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flows.conftest import Server

pytestmark = pytest.mark.process

README = Path(__file__).parents[2] / "README.md"
PATIENCE = 900.0


@pytest.mark.skipif(
    shutil.which("curl") is None, reason="the README's lines are curl lines, and this machine has no curl"
)
def test_the_readmes_lines_work_when_pasted_into_the_demonstration(
    installation: Callable[[], Server], tmp_path: Path
) -> None:
    server = installation().start("--demo", patience=PATIENCE)
    lines = "\n".join(re.findall(r"```bash\n(.*?)```", README.read_text("utf-8"), re.DOTALL))
    assert "http://127.0.0.1:8000" in lines
    script = lines.replace("http://127.0.0.1:8000", server.url).replace(
        ".data/credentials.txt", f"'{server.data}/credentials.txt'"
    )
    pasted = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert pasted.returncode == 0, pasted.stderr
    assert pasted.stderr == ""
    assert "about:blank" not in pasted.stdout, re.findall(r'"code":"\w+","message_zh":"[^"]*"', pasted.stdout)
    assert re.search(r'"slug":"paid"[^}]*"value":"9750\.00"', pasted.stdout)

    # What the README promises of its size, and that nothing was lost or guessed on the way.
    public = server.public
    figures = {
        f["slug"]: f["value"] for f in public.get("/api/v1/dashboards/fair", edition="2026")["figures"]
    }
    assert figures["published"] == "2101"
    assert abs(float(figures["offered"]) - 70_000_000) <= 0.02 * 70_000_000
    assert server.stop() == 0

    # A second start finds everything there and loads nothing again.
    server.start("--demo")
    again = server.public.get("/api/v1/dashboards/fair", edition="2026")["figures"]
    assert {f["slug"]: f["value"] for f in again}["published"] == "2101"


def test_the_demonstration_is_not_loaded_beside_other_data(installation: Callable[[], Server]) -> None:
    server = installation().start()
    bureau = server.account("city_bureau", area="3201")
    today = bureau.get("/api/v1/tasks")["as_of"][:10]
    bureau.post(
        "/api/v1/editions",
        {
            "code": "2025",
            "name": "去年的一届",
            "ordinal": 1,
            "call_opens_on": today,
            "call_closes_on": today,
            "fair_opens_on": today,
            "fair_closes_on": today,
        },
    )
    project = {
        "edition": "2025",
        "title": "真实的项目",
        "buyer": "南京市玄武区锁金村街道办事处",
        "district": "玄武区",
        "street": "锁金村街道",
    }
    bureau.post("/api/v1/projects", project)
    assert server.stop() == 0
    with pytest.raises(AssertionError, match=r"其他数据"):
        server.start("--demo")
    assert server.process is not None
    assert server.process.wait(60) == 2

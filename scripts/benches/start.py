"""`scripts/bench start`: how long a user waits: cold start, warm start, the demonstration to its rows, its matches and its day.

Starts the real command on a data folder of its own and asks the service itself how far it is. The environment is there
already; installing it is told apart (`scripts/serve` in a fresh clone).
"""

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

SHEQIA = Path(sys.executable).with_name("sheqia")
PATIENCE_SECONDS = 600
PROJECTS, EDITION = 2_100, "2026"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(data: Path, *options: str) -> Iterator[str]:
    """The service on a free port; stopped as Ctrl-C does."""
    port = free_port()
    clean = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("SHEQIA_")}
    command = [str(SHEQIA), "serve", "--data", str(data), "--port", str(port), *options]
    with (data.parent / "serve.log").open("a") as log:
        process = subprocess.Popen(command, env=clean, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def until(question: Any) -> float:
    """Seconds until `question()` is true."""
    began = time.perf_counter()
    while time.perf_counter() - began < PATIENCE_SECONDS:
        with contextlib.suppress(httpx.HTTPError, OSError, LookupError, StopIteration):
            if question():
                return time.perf_counter() - began
        time.sleep(0.05)
    raise TimeoutError("the service did not come to this point")


def token(data: Path, name: str) -> dict[str, str]:
    lines = (data / "credentials.txt").read_text("utf-8").splitlines()
    return {"Authorization": f"Bearer {next(line.split()[3] for line in lines if line.split()[1] == name)}"}


def ready(url: str) -> bool:
    return httpx.get(f"{url}/readyz", timeout=5).status_code == 200


def figure(url: str, data: Path, slug: str) -> int:
    headers = token(data, "demo.city-bureau")
    answer = httpx.get(f"{url}/api/v1/dashboards/fair?edition={EDITION}", headers=headers, timeout=30).json()
    return int(next(f["value"] for f in answer["figures"] if f["slug"] == slug))


def matched(url: str, data: Path) -> bool:
    answer = httpx.get(f"{url}/api/v1/match-runs", headers=token(data, "demo.city-bureau"), timeout=30).json()
    return any(run["stored_at"] for run in answer["items"])


def seated(url: str, data: Path) -> bool:
    """Whether every talk of the fair's day has found its seat: the last that the demonstration prepares."""
    headers = token(data, "demo.fair-operator")
    fairs = httpx.get(f"{url}/api/v1/fairs?edition={EDITION}", headers=headers, timeout=30).json()["items"]
    fair = next(iter(fairs))
    hall = httpx.get(f"{url}/api/v1/fairs/{fair['number']}/hall", headers=headers, timeout=30).json()
    return bool(hall["planned"]) and not hall["waiting"]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="starts of an empty service")
    rounds = parser.parse_args(argv).rounds
    with tempfile.TemporaryDirectory(prefix="sheqia-start-") as folder:
        cold, warm = [], []
        for number in range(rounds):
            data = Path(folder) / f"empty-{number}"
            for measured in (cold, warm):
                with serving(data) as url:
                    measured.append(until(lambda: ready(url)))
        print(f"empty service, cold start (initdb, schema): {_spread(cold)}")
        print(f"empty service, warm start: {_spread(warm)}")
        data = Path(folder) / "demo"
        began = time.perf_counter()
        with serving(data, "--demo") as url:
            until(lambda: ready(url))
            until(lambda: figure(url, data, "projects") >= PROJECTS)
            print(
                f"demonstration, serving with all {PROJECTS} projects imported: {time.perf_counter() - began:.1f} s"
            )
            until(lambda: figure(url, data, "published") >= PROJECTS)
            print(f"demonstration, all projects published: {time.perf_counter() - began:.1f} s")
            until(lambda: matched(url, data))
            print(f"demonstration, matches stored: {time.perf_counter() - began:.1f} s")
            until(lambda: seated(url, data))
            print(f"demonstration, the day of the fair seated: {time.perf_counter() - began:.1f} s")
        with serving(data, "--demo") as url:
            print(f"demonstration, second start: {until(lambda: ready(url)):.1f} s")
    return 0


def _spread(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    return f"{ordered[len(ordered) // 2]:.1f} s (of {len(ordered)}: {ordered[0]:.1f}–{ordered[-1]:.1f})"

"""`python -m app.demo [--force]`: load the demonstration beside a running service."""

import asyncio
import sys

from app.connect import connected
from app.demo.load import load
from app.kernel.errors import CannotRun
from app.settings import settings


async def main() -> None:
    async with connected(settings()) as database:
        await load(database, settings(), force="--force" in sys.argv[1:])


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except CannotRun as refused:
        for problem in refused.problems:
            print(f"{problem.zh} {problem.en}", file=sys.stderr)  # noqa: T201 - the operator reads it
        sys.exit(refused.extra.get("exit_code", 1))

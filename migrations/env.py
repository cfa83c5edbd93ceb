"""Alembic's entry: on a given connection (`config.attributes["connection"]`), else on the installation's database."""

import asyncio
import importlib
import pkgutil

from alembic import context
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine

import app
from app.kernel.database import Base
from app.kernel.embedded import EmbeddedPostgres
from app.settings import settings

config = context.config


def all_tables() -> MetaData:
    """The metadata after importing whatever declares a table: every `models`, the kernel and the web."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        parts = module.name.split(".")
        if "models" in parts or parts[1] in ("kernel", "web"):
            importlib.import_module(module.name)
    return Base.metadata


def run(connection: Connection) -> None:
    metadata = None if config.attributes.get("without_models") else all_tables()
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


async def run_on(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


def run_on_installation() -> None:
    if url := settings().database_url:
        asyncio.run(run_on(url))
    else:
        with EmbeddedPostgres(settings().data) as server:
            asyncio.run(run_on(server.url()))


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=all_tables(), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
elif given := config.attributes.get("connection"):
    run(given)
else:
    run_on_installation()

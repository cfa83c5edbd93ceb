"""Where files are kept: by their SHA-256, so that a file cannot be swapped and equal files are kept once."""

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Protocol

from app.kernel.errors import NotFound


class Storage(Protocol):
    """All that the service asks of a place for files: a local folder now, an S3-compatible store tomorrow."""

    async def put(self, content: bytes) -> str:
        """Keep the content and return its SHA-256 in hex. Keeping the same content twice is one file."""

    async def get(self, sha256: str) -> bytes:
        """The content. Raises `NotFound` when it is not there or no longer what it was."""


class LocalFolder:
    """Files under one folder, fanned out by the first two hex digits."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def put(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        await asyncio.to_thread(self._write, self._path(sha256), content)
        return sha256

    async def get(self, sha256: str) -> bytes:
        try:
            content = await asyncio.to_thread(self._path(sha256).read_bytes)
        except FileNotFoundError:
            raise NotFound() from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise NotFound()
        return content

    def _path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.{id(content)}")
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)  # a reader sees the whole file or none

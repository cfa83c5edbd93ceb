"""Embed texts in processes of their own, one per core. Imports nothing that a fresh process need not load."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from matching.text import TextModel

CHUNK = 48
"""Texts per task: large enough that passing them costs nothing, small enough that progress is seen."""

Vectors = dict[str, NDArray[np.int16]]


@cache
def text_model() -> TextModel:
    """The text model of this process; its weights are read once."""
    return TextModel()


def embed(texts: Sequence[str]) -> NDArray[np.int16]:
    """One row per text, computed in this process."""
    return text_model().embed(texts)


def _alone() -> None:
    """One BLAS thread in a process that has a core to itself: two processes with two threads each wait for each other."""
    threadpool_limits(1)


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


async def embedded(texts: Mapping[str, str]) -> AsyncIterator[Vectors]:
    """The vectors of texts given by key, chunk by chunk as they are done, from one process per core.

    A single chunk is not worth a process: it is done in a thread of this one.
    """
    # Neighbours in length cost alike, so that no process waits long for the last chunk of another.
    keys = sorted(texts, key=lambda key: (-len(texts[key]), key))
    chunks = [keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK)]
    if len(chunks) <= 1:
        for chunk in chunks:
            made = await asyncio.to_thread(embed, [texts[key] for key in chunk])
            yield dict(zip(chunk, made, strict=True))
        return
    loop = asyncio.get_running_loop()
    processes = min(cores(), len(chunks))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_alone) as pool:
        try:
            tasks = {
                asyncio.ensure_future(loop.run_in_executor(pool, embed, [texts[k] for k in chunk])): chunk
                for chunk in chunks
            }
            waiting = set(tasks)
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    yield dict(zip(tasks[task], task.result(), strict=True))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

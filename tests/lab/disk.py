"""The thread that waits for the disk, without being one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class AtOnce(Executor):
    """Does everything at once: what the app writes behind is on the disk as soon as the event loop gets to it."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do some work, and return what came out of it."""
        done: Future[Any] = Future()
        try:
            done.set_result(work(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001  # it is raised to whoever asks for the result
            done.set_exception(error)
        return done

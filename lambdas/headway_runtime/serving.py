"""The model's server as a process of the worker's own, where one image holds both: started, watched, started again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Sequence

from headway_runtime.model import ModelError, wait_until_ready

RESTARTS_MOST = 3
"""In a row, without an answer in between: a model that always dies is not tried without end."""
ENDS_WITHIN_S = 5.0


class Server:
    """A model's server that this worker starts and ends, with whatever processes it starts itself."""

    def __init__(self, command: Sequence[str], url: str, ready_within_s: float) -> None:
        self._command, self._url, self._ready_within_s = list(command), url, ready_within_s
        self._process: subprocess.Popen[bytes] | None = None
        self._restarts = 0

    def start(self, give_up: Callable[[], bool] = lambda: False) -> None:
        """Start it and wait until it answers.

        Raises:
            ModelError: It ended, or does not answer in time.
        """
        try:
            # A group of its own: a notice to the worker must not end the model in the middle of a batch.
            self._process = subprocess.Popen(self._command, start_new_session=True)  # noqa: S603 - the image's own server
        except OSError as error:
            raise ModelError(f"{self._command[0]} cannot be started: {error}", fatal=True, reached=False) from None
        wait_until_ready(self._url, self._ready_within_s, lambda: give_up() or self.ended)

    @property
    def ended(self) -> bool:
        """Whether its process is gone."""
        return self._process is None or self._process.poll() is not None

    def restart(self, give_up: Callable[[], bool] = lambda: False) -> None:
        """End it and start it again.

        Raises:
            ModelError: It has been started too often without an answer in between.
        """
        self.stop()
        self._restarts += 1
        if self._restarts > RESTARTS_MOST:
            raise ModelError(f"the model died {self._restarts} times in a row", fatal=True, reached=False)
        self.start(give_up)

    def answered(self) -> None:
        """It works: what it died of is past."""
        self._restarts = 0

    def stop(self) -> None:
        """End it and all it started."""
        process, self._process = self._process, None
        if process is None:
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(ENDS_WITHIN_S)
                if sign == signal.SIGTERM:
                    continue  # Whoever is left of its group is ended, too.
                return

"""How a server that is ours is broken on purpose: as a child process, or as a container.

The one rule: its address and its data survive `stop`, `kill` and `start`.
"""

import signal
from typing import Self

from tests.servers.docker import Container
from tests.servers.process import ServerProcess


class InProcess:
    """A server that runs as a child process of the tests."""

    can_disturb = True
    _process: ServerProcess

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid

    def start(self) -> None:
        self._process.start()

    def stop(self) -> None:
        self._process.stop()

    def kill(self) -> None:
        self._process.kill()

    def pause(self) -> None:
        self._process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.signal(signal.SIGCONT)

    def close(self) -> None:
        self._process.kill()


class InContainer:
    """A server that runs in a container."""

    can_disturb = True
    _container: Container

    def start(self) -> None:
        self._container.start()

    def stop(self) -> None:
        self._container.stop()

    def kill(self) -> None:
        self._container.kill()

    def pause(self) -> None:
        self._container.pause()

    def resume(self) -> None:
        self._container.resume()

    def close(self) -> None:
        self._container.close()

"""A Redis for the tests, of three kinds with one face: the caller's, a container, a local `redis-server`.

All that we start keep an append-only file and evict nothing, as in production; it survives `kill` and `start`.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Literal

import redis

from tests.servers.base import Server
from tests.servers.disturbed import InContainer, InProcess
from tests.servers.docker import Container
from tests.servers.process import ServerProcess, free_ports

Kind = Literal["environment", "testcontainers", "local"]

IMAGE = "redis:7.4-alpine"
SETTINGS = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction")


class NoRedis(Exception):
    """No Redis can be had; the message says what is missing, in words for a person."""


class RedisServer(Server):
    """A Redis.

    Parameters
    ----------
    url
        Its address, `redis://host:port/0`.
    kind
        Where it comes from.
    """

    def __init__(self, url: str, kind: Kind) -> None:
        super().__init__(kind)
        self.url = url

    @classmethod
    def local(cls, folder: Path) -> "LocalRedis":
        """Start a Redis of one's own, with its data in `folder`; the caller closes it (it is a context manager).

        Raises
        ------
        NoRedis
            `redis-server` is not on PATH.
        """
        return LocalRedis(folder)


class LocalRedis(InProcess, RedisServer):
    """One `redis-server` on a loopback port that stays the same over restarts."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise NoRedis("no redis-server on PATH")
        (port,) = free_ports(1)
        super().__init__(f"redis://127.0.0.1:{port}/0", "local")
        self.folder = folder
        command = [program, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), *SETTINGS]
        self._process = ServerProcess(command, folder / "redis.log", self._answers)
        self.start()

    def _answers(self) -> bool:
        return redis_answers(self.url)


class ContainerRedis(InContainer, RedisServer):
    """A Redis in a container."""

    def __init__(self) -> None:
        (port,) = free_ports(1)
        super().__init__(f"redis://localhost:{port}/0", "testcontainers")
        command = ("redis-server", "--port", str(port), *(setting or '""' for setting in SETTINGS))
        self._container = Container(IMAGE, port, {}, command, lambda: redis_answers(self.url))


class TemporaryRedis(LocalRedis):
    """A local Redis whose files go with it."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="demand-redis-"))
        try:
            super().__init__(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def close(self) -> None:
        super().close()
        shutil.rmtree(self.folder, ignore_errors=True)


def redis_answers(url: str) -> bool:
    """Tell whether a Redis at this address is up and has read its files."""
    client = redis.Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()

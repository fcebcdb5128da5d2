"""Servers in Docker containers, started through testcontainers.

The one rule: the Docker client is not even imported before the engine's socket answers a plain connect, for the client
leaks a socket when there is no engine, and warnings are errors here.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from tests.servers.process import ServerDidNotStart


def docker_answers() -> bool:
    """Tell whether a Docker engine accepts connections where the client would look for one."""
    address = urlsplit(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
    try:
        if address.scheme == "unix":
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.settimeout(1.0)
                probe.connect(address.path)
        else:
            socket.create_connection((address.hostname or "localhost", address.port or 2375), 1.0).close()
    except OSError:
        return False
    return True


class Container:
    """One container with one port published under the same number on this machine.

    Parameters
    ----------
    image
        Name and tag.
    port
        The port, inside and outside: a Kafka broker tells its clients the address that it was given.
    environment, command
        What the image is started with.
    answers
        True once the server can be used.
    """

    def __init__(
        self,
        image: str,
        port: int,
        environment: Mapping[str, str],
        command: Sequence[str],
        answers: Callable[[], bool],
    ) -> None:
        from testcontainers.core.container import DockerContainer  # see the module's rule

        container = DockerContainer(image).with_bind_ports(port, port)
        for name, value in environment.items():
            container = container.with_env(name, value)
        if command:
            container = container.with_command(list(command))
        self._container = container
        self._answers = answers
        container.start()
        self._wait()

    def start(self) -> None:
        """Start the stopped container again: its files are still there."""
        self._container.get_wrapped_container().start()
        self._wait()

    def stop(self) -> None:
        """End the server in good order."""
        self._container.get_wrapped_container().stop(timeout=20)

    def kill(self) -> None:
        """End the server at once."""
        self._container.get_wrapped_container().kill()

    def pause(self) -> None:
        """Freeze all processes of the container."""
        self._container.get_wrapped_container().pause()

    def resume(self) -> None:
        """Go on after `pause`."""
        self._container.get_wrapped_container().unpause()

    def close(self) -> None:
        """Remove the container and its data."""
        self._container.stop()

    def _wait(self, wait_seconds: float = 60.0) -> None:
        deadline = time.monotonic() + wait_seconds
        while not self._answers():
            if time.monotonic() > deadline:
                self.close()
                raise ServerDidNotStart(f"the container did not answer within {wait_seconds:.0f} s")
            time.sleep(0.1)

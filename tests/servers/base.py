"""What a test may ask of any server: where it is, what it is, and to fail for a while."""


class CannotDisturb(Exception):
    """This kind of server is not ours to stop: the caller's own, or one that lives in this process."""


class Server:
    """A server that tests may use and, where `can_disturb`, break on purpose.

    Parameters
    ----------
    kind
        Where it comes from, for messages: 'environment', 'testcontainers', 'local' or 'mock'.
    """

    can_disturb = False

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def start(self) -> None:
        """Start again after `stop` or `kill`, with the same address and data; return when it answers."""
        raise CannotDisturb(self.kind)

    def stop(self) -> None:
        """End it in good order; the data stays."""
        raise CannotDisturb(self.kind)

    def kill(self) -> None:
        """End it at once (SIGKILL); the data stays as it was on disk."""
        raise CannotDisturb(self.kind)

    def pause(self) -> None:
        """Freeze it (SIGSTOP): connections stay open and nothing answers."""
        raise CannotDisturb(self.kind)

    def resume(self) -> None:
        """Go on after `pause`."""
        raise CannotDisturb(self.kind)

    def close(self) -> None:
        """End it for good; called once, by the fixture."""

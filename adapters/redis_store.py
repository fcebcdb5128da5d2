"""The state store in Redis: exact and fenced, because every commit is one script on one task's keys.

The one rule: nothing is tried twice in here. An answer that was lost is an outage; the host takes the task again and
reads what is true. (The client's own retries are switched off for the same reason.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from typing import TypeVar, cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    ConnectionError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,
)
from redis.retry import Retry

from adapters.state_keys import TaskKeys, keys_of, state_without_marks
from schemas.errors import BadSetup, Fenced, StoreDown
from streams.ports import Journal, Snapshot, Verdict, Writes

#: Above either, one script holds up every other client of the server for more than some 2 ms: commit more often.
MAX_FIELDS = 256
MAX_BYTES = 1_000_000

_OLDEST_VERSION = (6, 2)
_PIECE = 1_000
_NOT_NOW = ("OOM", "MISCONF", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "BUSY", "LOADING", "NOREPLICAS")

T = TypeVar("T")


class RedisStore:
    """State of tasks in Redis (:class:`streams.ports.StateStore` and :class:`streams.ports.SeriesReader`).

    Parameters
    ----------
    client
        Made by :func:`connect`, or a fake with the same commands.
    prefix
        The installation's prefix of every key.
    """

    def __init__(self, client: Redis, prefix: str = "") -> None:
        self._client = client
        self._prefix = prefix
        self._script = files("adapters").joinpath("commit.lua").read_bytes()
        self._script_sha = hashlib.sha1(self._script, usedforsecurity=False).hexdigest()

    def take(self, task: str, owner: str) -> Snapshot:
        """Take a task and read it whole, in pieces.

        Raises
        ------
        Fenced
            When somebody else took it while it was read, so that the pieces may not belong together.
        """
        keys = keys_of(self._prefix, task)
        return _asked(lambda: self._take(task, keys, owner))

    def commit(self, task: str, owner: str, expected: bytes | None, marks: bytes, writes: Writes) -> Verdict:
        """Write all or nothing; more than `MAX_FIELDS` or `MAX_BYTES` works, but other clients wait for it."""
        keys = keys_of(self._prefix, task)
        sets = [part for name, value in writes.items() if value is not None for part in (name, value)]
        gone = [name for name, value in writes.items() if value is None]
        arguments = [owner, "0" if expected is None else "1", expected or b"", marks, str(len(sets) // 2), *sets, *gone]
        return Verdict(_asked(lambda: self._run(keys, arguments)).decode())

    def marks(self, task: str) -> bytes | None:
        keys = keys_of(self._prefix, task)
        return _asked(lambda: cast("bytes | None", self._client.get(keys.marks)))

    def wipe(self, task: str) -> None:
        keys = keys_of(self._prefix, task)
        _asked(lambda: self._client.unlink(*keys))

    def fields(self, task: str, names: Sequence[str]) -> Sequence[bytes | None]:
        keys = keys_of(self._prefix, task)
        if not names:
            return []
        return _asked(lambda: cast("list[bytes | None]", self._client.hmget(keys.state, list(names))))

    def all_fields(self, task: str) -> Mapping[str, bytes]:
        keys = keys_of(self._prefix, task)
        return _asked(lambda: self._read_state(keys))

    def _take(self, task: str, keys: TaskKeys, owner: str) -> Snapshot:
        self._client.set(keys.owner, owner)
        marks = cast("bytes | None", self._client.get(keys.marks))
        state = self._read_state(keys)
        if self._client.get(keys.owner) != owner.encode():
            raise Fenced(f"Task {task} was taken by another worker while it was read.")
        if marks is None and state:
            raise state_without_marks(task)
        return Snapshot(marks, state)

    def _read_state(self, keys: TaskKeys) -> dict[str, bytes]:
        pairs = cast("Iterable[tuple[bytes, bytes]]", self._client.hscan_iter(keys.state, count=_PIECE))
        return {name.decode(): value for name, value in pairs}

    def _run(self, keys: TaskKeys, arguments: Sequence[str | bytes]) -> bytes:
        try:
            return cast(bytes, self._client.evalsha(self._script_sha, len(keys), *keys, *arguments))
        except NoScriptError:
            return cast(bytes, self._client.eval(self._script.decode(), len(keys), *keys, *arguments))


def connect(url: str, journal: Journal, timeout_seconds: float = 5.0) -> Redis:
    """Connect to a Redis and check that it is fit to keep state.

    Parameters
    ----------
    url
        `redis://`, `rediss://` or `unix://`.
    journal
        Told when the server may throw state away.
    timeout_seconds
        How long an answer may take.

    Raises
    ------
    StoreDown
        When it does not answer.
    BadSetup
        When it refuses us, or is older than 6.2.
    """
    client = Redis.from_url(
        url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
        decode_responses=False,
    )
    check_server(client, journal)
    return client


def check_server(client: Redis, journal: Journal) -> None:
    """Refuse a server that is too old; note one that evicts.

    Raises
    ------
    StoreDown, BadSetup
        As :func:`connect`.
    """
    try:
        info = _asked(lambda: cast("dict[str, object]", client.info("server")))
    except ResponseError:
        # A fake, or a proxy, that does not tell what it is; fakeredis hangs up after every error, a little later.
        client.connection_pool.disconnect()
        return
    version = str(info.get("redis_version", "0"))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < _OLDEST_VERSION:
        raise BadSetup(f"Redis {version} is too old: 6.2 or newer is needed.")
    try:
        answer = cast("dict[str, str]", client.config_get("maxmemory-policy"))
    except ResponseError:
        return  # Hosted servers hide CONFIG.
    except RedisError as failure:
        raise StoreDown(f"Redis did not answer: {failure}") from failure
    policy = answer.get("maxmemory-policy", "noeviction")
    if policy != "noeviction":
        journal.note("redis_may_evict", setting="maxmemory-policy", is_now=policy, should_be="noeviction")


def _asked(question: Callable[[], T]) -> T:
    """Ask, and say in our words what went wrong."""
    try:
        return question()
    except (AuthenticationError, AuthorizationError, NoPermissionError) as failure:
        raise BadSetup(f"Redis refuses us ({failure}); check the user and the password in the URL.") from failure
    except OutOfMemoryError as failure:
        raise StoreDown(f"Redis is out of memory (maxmemory) and takes no writes: {failure}") from failure
    except (ConnectionError, TimeoutError, ReadOnlyError) as failure:
        raise StoreDown(f"Redis did not answer: {failure}") from failure
    except ResponseError as failure:
        # Redis 6.2 wraps what a command inside a script has said: "ERR Error running script (...): -OOM ...".
        text = str(failure)
        if text.startswith(_NOT_NOW) or any(f" -{code} " in text for code in _NOT_NOW):
            raise StoreDown(f"Redis takes no writes now: {failure}") from failure
        raise

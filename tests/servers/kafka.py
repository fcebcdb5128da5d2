"""A Kafka broker for the tests, of four kinds with one face.

kind            real   can be broken on purpose
environment     yes    no (it is the caller's)
testcontainers  yes    yes
local           yes    yes: one JVM, KRaft, broker and controller in one
mock            no     no (librdkafka's cluster inside this process: no topic admin, no offsets by time)
"""

import shutil
import subprocess
import tempfile
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Literal

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient

from tests.servers.base import CannotDisturb, Server
from tests.servers.disturbed import InContainer, InProcess
from tests.servers.docker import Container
from tests.servers.jars import KAFKA_VERSION, kafka_jars
from tests.servers.process import ServerDidNotStart, ServerProcess, free_ports

Kind = Literal["environment", "testcontainers", "local", "mock"]

IMAGE = f"apache/kafka:{KAFKA_VERSION}"
# What the tests need of a broker, whoever starts it.
PROPERTIES = {
    "auto.create.topics.enable": "false",
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",  # how long a killed broker's own registration keeps it from coming back
    "controller.listener.names": "CONTROLLER",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",  # the workers' session timeout is 6 s; fault tests go lower
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "node.id": "1",
    "num.partitions": "1",
    "offsets.topic.num.partitions": "4",  # 50 by default: most of the time of a first group join
    "offsets.topic.replication.factor": "1",
    "process.roles": "broker,controller",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
}


class KafkaServer(Server):
    """A broker.

    Parameters
    ----------
    bootstrap
        Its address, `host:port`.
    kind
        Where it comes from.
    missing
        Why no real broker could be had, in words for a person; empty for a real one.
    """

    def __init__(self, bootstrap: str, kind: Kind, missing: str = "") -> None:
        super().__init__(kind)
        self.bootstrap = bootstrap
        self.missing = missing

    @property
    def is_real(self) -> bool:
        """False for the mock cluster."""
        return self.kind != "mock"

    @classmethod
    def local(cls, folder: Path) -> "LocalKafka":
        """Start a broker of one's own, with its data in `folder`; the caller closes it (it is a context manager).

        Raises
        ------
        NoJars
            Java or Maven is missing.
        """
        return LocalKafka(folder)


class LocalKafka(InProcess, KafkaServer):
    """One JVM on loopback ports that stay the same over restarts."""

    def __init__(self, folder: Path) -> None:
        port, controller_port = free_ports(2)
        super().__init__(f"127.0.0.1:{port}", "local")
        self.folder = folder
        properties = PROPERTIES | {
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
            "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
            "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
            "log.dirs": str(folder / "data"),
        }
        settings = folder / "server.properties"
        settings.write_text("".join(f"{name}={value}\n" for name, value in sorted(properties.items())))
        java = ["java", "-Xmx768m", "-XX:+UseSerialGC", "-cp", f"{kafka_jars()}/*"]
        _format_storage(java, settings)
        self._process = ServerProcess([*java, "kafka.Kafka", str(settings)], folder / "broker.log", self._answers)
        self.start()

    def _answers(self) -> bool:
        return broker_answers(self.bootstrap)


class ContainerKafka(InContainer, KafkaServer):
    """A broker in a container; testcontainers' own KafkaContainer cannot start this image, so a plain one does."""

    def __init__(self) -> None:
        (port,) = free_ports(1)
        super().__init__(f"localhost:{port}", "testcontainers")
        properties = PROPERTIES | {
            "advertised.listeners": f"PLAINTEXT://localhost:{port}",
            "controller.quorum.voters": "1@localhost:29093",
            "listeners": f"PLAINTEXT://:{port},CONTROLLER://:29093",
        }
        environment = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in properties.items()}
        self._container = Container(IMAGE, port, environment, (), lambda: broker_answers(self.bootstrap))


class MockKafka(KafkaServer):
    """librdkafka's mock cluster: it lives as long as the producer that made it."""

    def __init__(self, missing: str) -> None:
        self._owner = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "mock"})
        (broker,) = self._owner.list_topics(timeout=10).brokers.values()
        super().__init__(f"{broker.host}:{broker.port}", "mock", missing)


class TemporaryKafka(LocalKafka):
    """A local broker whose files go with it."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="demand-kafka-"))
        try:
            super().__init__(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def close(self) -> None:
        super().close()
        shutil.rmtree(self.folder, ignore_errors=True)


def broker_answers(bootstrap: str) -> bool:
    """Tell whether a broker at this address lists itself as alive."""
    # Its own log lines about refused connections, while we wait for it to come up, would only confuse.
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "socket.timeout.ms": 1000})
    try:
        return bool(client.list_topics(timeout=1.0).brokers)
    except KafkaException:
        return False


def _format_storage(java: list[str], settings: Path) -> None:
    drawn = uuid.uuid4().bytes
    # One id in 64 begins with a dash, and the tool takes it for an option: the first bit is left out.
    cluster_id = urlsafe_b64encode(bytes([drawn[0] & 0x7F]) + drawn[1:]).decode().rstrip("=")
    command = [*java, "kafka.tools.StorageTool", "format", "--cluster-id", cluster_id, "--config", str(settings)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ServerDidNotStart((done.stdout + done.stderr)[-2000:])


__all__ = [
    "CannotDisturb",
    "ContainerKafka",
    "KafkaServer",
    "LocalKafka",
    "MockKafka",
    "TemporaryKafka",
    "broker_answers",
]

"""The servers of the tests are what they claim to be: real ones that keep a record over a crash."""

from pathlib import Path

import pytest
import redis
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from tests.servers.choose import absent
from tests.servers.jars import NoJars
from tests.servers.kafka import KafkaServer, MockKafka, broker_answers
from tests.servers.redis import NoRedis, RedisServer, redis_answers

pytestmark = pytest.mark.broker


def produce(bootstrap: str, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce(topic, value=value, key=b"4711", partition=0)
    assert producer.flush(20) == 0


def first_record(bootstrap: str, topic: str) -> tuple[bytes | None, bytes | None]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": topic, "enable.auto.commit": False})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        message = consumer.poll(20)
        assert message is not None
        assert message.error() is None
        return message.key(), message.value()
    finally:
        consumer.close()


def create_topic(bootstrap: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for future in admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)]).values():
        future.result(20)


def test_kafka_keeps_a_record(real_kafka: KafkaServer, topic_prefix: str) -> None:
    create_topic(real_kafka.bootstrap, f"{topic_prefix}sales")
    produce(real_kafka.bootstrap, f"{topic_prefix}sales", b"3 units")
    assert first_record(real_kafka.bootstrap, f"{topic_prefix}sales") == (b"4711", b"3 units")


def test_redis_answers(redis_server: RedisServer, key_prefix: str) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.ping() is True
        client.set(f"{key_prefix}a", b"1")
        assert client.get(f"{key_prefix}a") == b"1"
        client.delete(f"{key_prefix}a")


def test_mock_cluster_keeps_a_record(topic_prefix: str) -> None:
    mock = MockKafka("asked for by the test")
    assert not mock.is_real
    produce(mock.bootstrap, f"{topic_prefix}sales", b"3 units")
    assert first_record(mock.bootstrap, f"{topic_prefix}sales") == (b"4711", b"3 units")


def test_own_kafka_keeps_its_data_and_address_over_a_kill(tmp_path: Path, topic_prefix: str) -> None:
    try:
        server = KafkaServer.local(tmp_path)
    except NoJars as missing:
        absent(f"needs a local Kafka: {missing}")
    with server:
        create_topic(server.bootstrap, f"{topic_prefix}sales")
        produce(server.bootstrap, f"{topic_prefix}sales", b"3 units")
        server.pause()
        assert not broker_answers(server.bootstrap)
        server.resume()
        assert broker_answers(server.bootstrap)
        server.kill()
        assert server.pid is None
        assert not broker_answers(server.bootstrap)
        server.start()
        assert first_record(server.bootstrap, f"{topic_prefix}sales") == (b"4711", b"3 units")


def test_own_redis_keeps_its_data_and_address_over_a_stop(tmp_path: Path) -> None:
    try:
        server = RedisServer.local(tmp_path)
    except NoRedis as missing:
        absent(f"needs a local Redis: {missing}")
    with server, redis.Redis.from_url(server.url) as client:
        client.set("a", b"1")
        server.stop()
        assert not redis_answers(server.url)
        server.start()
        assert client.get("a") == b"1"
        server.pause()
        assert not redis_answers(server.url)
        server.resume()
        assert redis_answers(server.url)

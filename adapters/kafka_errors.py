"""librdkafka's error codes in our words: who must act.

=====================================================  ==================================================
what librdkafka says                                    what is raised
=====================================================  ==================================================
topic or partition unknown                              BadSetup: `demand-monitor topics create`
authentication, authorisation, TLS                      BadSetup, naming the settings
a record larger than the topic takes                    BadSetup, naming `max.message.bytes`
everything else                                         BrokerDown: trying again may help
=====================================================  ==================================================
"""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException

from schemas.errors import BadSetup, BrokerDown, DemandError

_NO_TOPIC = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError._NOENT,
    }
)
_NOT_ALLOWED = frozenset(
    {
        KafkaError._AUTHENTICATION,
        KafkaError._SSL,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
    }
)


def translated(error: KafkaError, what: str) -> DemandError:
    """Return our error for librdkafka's.

    Parameters
    ----------
    error
        As librdkafka gave it.
    what
        What was tried, for the person who reads it: "reading sales.v1[3]".
    """
    code = error.code()
    if code in _NO_TOPIC:
        return BadSetup(f"{what}: no such topic or partition ({error.str()}).", "demand-monitor topics create")
    if code in _NOT_ALLOWED:
        return BadSetup(f"{what}: the broker refuses us ({error.str()}); check security.protocol, sasl.* and ssl.*.")
    if code == KafkaError.MSG_SIZE_TOO_LARGE:
        return BadSetup(f"{what}: a record is larger than max.message.bytes allows ({error.str()}).")
    return BrokerDown(f"{what}: {error.name()} ({error.str()}).")


def needs_operator(error: KafkaError) -> bool:
    """Return whether waiting cannot mend it."""
    return error.code() in _NO_TOPIC or error.code() in _NOT_ALLOWED


def cause_of(failure: KafkaException) -> KafkaError:
    """Return the error inside an exception of the client."""
    error = failure.args[0]
    if not isinstance(error, KafkaError):
        raise failure
    return error

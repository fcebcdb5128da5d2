"""librdkafka's mock cluster, told to answer some requests with errors: what no real broker does on request.

The one rule: the errors are answers of a broker; the client under test is the one that ships.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from enum import IntEnum

from adapters.mock_kafka import MockKafka


class Request(IntEnum):
    """Kinds of requests, as Kafka's protocol numbers them."""

    PRODUCE = 0
    FETCH = 1
    OFFSET_COMMIT = 8
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    HEARTBEAT = 12
    SYNC_GROUP = 14


class FaultyKafka(MockKafka):
    """A mock cluster that can be made to fail."""

    def __init__(self) -> None:
        super().__init__()
        pointer, number = ctypes.c_void_p, ctypes.c_int
        for name, result, arguments in (
            ("rd_kafka_mock_push_request_errors_array", None, (pointer, ctypes.c_int16, ctypes.c_size_t, pointer)),
            ("rd_kafka_mock_partition_set_leader", number, (pointer, ctypes.c_char_p, ctypes.c_int32, ctypes.c_int32)),
            ("rd_kafka_mock_start_request_tracking", None, (pointer,)),
            ("rd_kafka_mock_get_requests", pointer, (pointer, ctypes.POINTER(ctypes.c_size_t))),
            ("rd_kafka_mock_request_api_key", ctypes.c_int16, (pointer,)),
            ("rd_kafka_mock_request_destroy_array", None, (pointer, ctypes.c_size_t)),
        ):
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, list(arguments)
        self._library.rd_kafka_mock_start_request_tracking(self._cluster)

    def fail(self, request: Request, errors: Sequence[int]) -> None:
        """Answer the next requests of a kind with these errors, in turn."""
        codes = (ctypes.c_int * len(errors))(*errors)
        self._library.rd_kafka_mock_push_request_errors_array(self._cluster, int(request), len(errors), codes)

    def depose(self, topic: str, partition: int) -> None:
        """Leave a partition without a leader."""
        self._library.rd_kafka_mock_partition_set_leader(self._cluster, topic.encode(), partition, -1)

    def count(self, request: Request) -> int:
        """Return how many requests of a kind there have been."""
        size = ctypes.c_size_t()
        found = self._library.rd_kafka_mock_get_requests(self._cluster, ctypes.byref(size))
        try:
            pointers = ctypes.cast(found, ctypes.POINTER(ctypes.c_void_p))
            keys = [self._library.rd_kafka_mock_request_api_key(pointers[at]) for at in range(size.value)]
        finally:
            self._library.rd_kafka_mock_request_destroy_array(found, size)
        return keys.count(int(request))

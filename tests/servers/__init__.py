"""Real servers for the tests: a Kafka and a Redis from the environment, from Docker, or from local binaries.

The one rule: every process started here ends with the test run, and no other process is ever touched.

    address in the environment ─► Docker (testcontainers) ─► local binaries ─► (Kafka only) librdkafka's mock cluster

`choose` walks that chain; `kafka` and `redis` hold what it finds; `tests/conftest.py` makes fixtures of them.
"""

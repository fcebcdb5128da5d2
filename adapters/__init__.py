"""The ports fulfilled: Kafka, Redis, the clock and the journal, each beside its twin in memory.

The one rule of this room: an adapter translates, it decides nothing; what it raises stands in `schemas.errors`.
"""

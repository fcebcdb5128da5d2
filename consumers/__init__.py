"""Hosts and readers: what carries the pure processors between Kafka, Redis and people.

The one rule of this room: it takes no decision about demand, and reaches the world only through ports.
"""

"""The demo: a seeded market through the very hosts of an installation, all in one process.

::

    market ─► loader ─► mock broker ◄─► price desk, demand engine, alert desk ◄─► Redis of its own
                │ waits (pacing)              │
                └─ never far ahead            └─► alerts ─► feed ─► screen ─► scorecard

The one rule: nothing here decides what an alert is; the demo starts, paces, shows and scores what the product does.
"""

"""The demand engine: sales, stock and rival prices of one task become forecasts and findings.

::

    admit ─► dedupe ─► ledger, windows ─► hour close ─► period close: features, score, learn, forecast, drift
                            │                                   │
                            └──── stockout risk ◄───────────────┘        ─► forecasts.v1, signals.v1, quarantine.v1

The one rule: everything that happens is a step, and a step depends on the log alone.
"""

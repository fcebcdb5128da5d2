"""The price desk: what a rival's page showed becomes a price for our sku, or is counted.

::

    price-observations.v1 ─► admit ─► dedupe ─► match ─► plausibility ─► reference ─► competitor-prices.v1
            │                  │         │         │            │
            │                  │         │         │            └─ failed_read, copied, no_price, zero_price, held
            │                  │         │         └─ unmatched
            │                  │         └─ duplicate
            │                  └─ quarantine.v1
            └─ match decisions travel here too, under the same key: one order with the prices they are about

The one rule: a price that is not believed causes no event; a failed read is never "out of stock".
"""

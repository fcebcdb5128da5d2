"""Mappings: how a file's columns become events, stated in TOML and never in code.

::

    mapping.toml ─► mapping.Mapping ─┐
                                     ├─► rules.EventEncoder ─► (event time, topic, key, value) of every row
    file ─► files.Chunk ─► sheet.Sheet ┘

The one rule: a mapping is data. What it cannot say with columns, constants, conditions and the steps of
:mod:`producers.mappings.formulas` is added to one table of named transforms, not evaluated.
"""

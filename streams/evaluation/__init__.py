"""Evaluation: how good forecasts, alarms and alerts are, on data that nobody has looked ahead in.

::

    records ─► panel ─► prequential run of a fleet (or anyone's forecasts) ─► forecasts ─► sums by series ─► scores
                  │                                                                             └─► intervals, ratios
                  ├─► planted changes ─► alarms ─► recall, delay, MTFA, MTD, MDR, MTR
                  ├─► cut shelves ─► bias, recovered units
                  └─► simulated stock ─► risks, alerts ─► AUC, Brier, ECE, precision, recall, money

The one rule: time goes forward. A forecast reads what was known at its origin, a scale or a class what lies before the
scored tail, a threshold the half before the one it is scored on.
"""

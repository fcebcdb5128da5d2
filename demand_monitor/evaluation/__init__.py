"""What `demand-monitor evaluate` does: data sets in, parts of the scorecard out, tables and JSON.

The one rule: figures are made in `streams.evaluation`; here they are asked for, joined and printed.
"""

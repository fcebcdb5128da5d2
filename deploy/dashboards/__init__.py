"""Dashboards as code: `python -m deploy.dashboards` writes `deploy/grafana/dashboards/*.json`.

The one rule: a metric's name comes from `streams.metrics`, so a dashboard cannot ask for one that nobody shows.
"""

"""From a builder to the text of a file.

The one rule: the same code gives the same bytes, so that a test can hold the file to it.
"""

from __future__ import annotations

import json

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder


def render(dashboard: Dashboard) -> str:
    """Return a dashboard as JSON, one property a line."""
    return json.dumps(dashboard.build(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

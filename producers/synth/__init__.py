"""A synthetic market with known truth: what the demo plays and what the monitor is scored on.

The one rule: it is made like the world, as events in the order of their time; nobody downstream can
tell the difference.
"""

from __future__ import annotations

from producers.synth.config import MarketConfig
from producers.synth.dated import Dated
from producers.synth.market import Market

__all__ = ["Dated", "Market", "MarketConfig"]

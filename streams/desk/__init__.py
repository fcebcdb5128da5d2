"""The alert desk: one open alert per cause, said in a sentence, with what to do about it.

::

    facts      what findings and time say        clicks     what people did
    standing   the state that follows from both  statement  the alert that follows from both
    phrases, sentences, ordering                 its words, and how many to order by when
    rules, deskclock, register, snapshot         patience, time, memory, storage
    desk       the task that joins them
"""

from streams.desk.desk import AlertDesk
from streams.desk.rules import DeskRules

__all__ = ["AlertDesk", "DeskRules"]

"""What an event is: the contracts of every topic, as frozen pydantic models.

The one rule of this room: it knows shapes, units and reasons, and nothing of where a record came from or where it goes.
It imports no client, no clock and no file, so that any other language can be held to the JSON Schemas exported from it.
"""

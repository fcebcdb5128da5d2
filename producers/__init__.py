"""How the world becomes events: files, synthetic markets, shops' pages, and the clock's own heartbeat.

The one rule of this room: a producer says what it saw. Whether that is plausible, late or already known is decided by
those who read it.
"""

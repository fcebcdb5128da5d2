"""The commands, one file a group.

The one rule: a module here has `register(app)` and imports at its top only what is quick to import; what one command
alone needs (pandas, Faust, River) is imported when it runs.
"""

"""Measuring instruments: each prints figures about this machine, none asserts one."""

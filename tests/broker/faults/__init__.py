"""Faults on real servers; see the table of `README` in this docstring's final form."""

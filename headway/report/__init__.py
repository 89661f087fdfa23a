"""A Plan shown to people: aligned text for a terminal.

Formats what it is given; never plans, prices or decides.
"""

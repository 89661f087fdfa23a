"""A plan as one page that opens anywhere: no server, no network, no account.

Needs the extra ``report`` (vl-convert draws, Jinja2 places); everything else of Headway does without. Imports nothing
itself: the process that draws starts with this package.
"""

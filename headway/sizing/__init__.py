"""The maths: queueing, service times, batches, departures, cold starts, scaling. Pure functions of numbers.

Knows nothing of prices, profiles or AWS; seconds in, seconds out; every formula names its source and where it holds.
"""

"""The stack in process: an AWS in memory (moto), the resources of a Pulumi program made in it, requests sent through.

Serves rehearsals and tests; never talks to a real account.
"""

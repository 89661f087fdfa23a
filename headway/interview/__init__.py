"""The interview: the honest questions in plain words, what each answer costs, and the profile that they make.

Asks, plans and writes one file; never validates (the profile does) and never prices (the planner does).
"""

"""What runs in AWS: the dispatcher (a function) and the worker (a job), from one zip.

Standard library and boto3 only; imports nothing of the planner: settings arrive as JSON in the environment.
"""

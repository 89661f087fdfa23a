"""From a profile to a Plan, and the lock that stacks run.

Searches through the architectures and selects; never talks to AWS, never prints.
"""

from headway.planning.lock import Lock, LockError, Settings, check_lock, read_lock, write_lock
from headway.planning.plan import Choice, Plan
from headway.planning.search import plan

__all__ = ["Choice", "Lock", "LockError", "Plan", "Settings", "check_lock", "plan", "read_lock", "write_lock"]

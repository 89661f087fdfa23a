"""The command line: one thin function a command. Parts load when a command needs them, so that help is quick.

Exit codes: 0 done; 1 could not be done, usage errors too; 2 done, and a check, a limit or the wait cannot be met.
A module a subject; help lists the commands in the order in which the modules are imported here.
"""

# Commands join the app when their module is imported.
from headway.cli import planning, environments, changes, pricing, trying, traffic, measuring, observing, redriving  # noqa: F401, I001
from headway.cli.app import main, run

__all__ = ["main", "run"]

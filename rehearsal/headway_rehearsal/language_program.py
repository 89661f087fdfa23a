"""Runs one Pulumi program in the interpreter of its project: started by `language_host`, imports the SDK alone."""

import asyncio
import json
import logging
import os
import runpy
import signal
import sys
import traceback
from typing import Any

EXPLAINED, INTERRUPTED = 32, 130


def main(told: dict[str, Any]) -> int:
    """Run the program against the engine; 0, or 32 after it has told the engine what is wrong."""
    try:
        import pulumi
        from pulumi import runtime
    except ImportError:
        sys.stderr.write("The Pulumi SDK is not installed in this virtual environment.\n")
        return 1
    runtime.set_all_config(runtime.get_config_env(), runtime.get_config_secret_keys_env())
    runtime.configure(runtime.Settings(**told["settings"]))
    sys.argv = [told["program"], *told["arguments"]]
    os.chdir(told["pwd"])
    # Coroutines that a failed program leaves are no news to its user.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)

    def run() -> None:
        runpy.run_path(told["program"], run_name="__main__")

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(runtime.run_in_stack(run))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return 1
    except Exception:
        pulumi.log.error(f"Program failed with an unhandled exception:\n{traceback.format_exc()}")
        return EXPLAINED
    finally:
        loop.close()
    return 0


if __name__ == "__main__":
    # Whoever was started in a shell's background has it ignored, and would not end with its engine.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.exit(main(json.loads(sys.argv[1])))
    except KeyboardInterrupt:
        # Whoever stopped it, a person or the engine after a mandatory policy, knows why.
        sys.exit(INTERRUPTED)

"""The stand-in ``aws`` provider: the resource table behind Pulumi's gRPC protocol, for the real engine.

It decides as the real one does: what a change updates and what it replaces, what AWS refuses, what has drifted.
"""

from headway_rehearsal.provider.serving import Failures, attached, removed

__all__ = ["Failures", "attached", "removed"]

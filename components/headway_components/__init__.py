"""Pulumi components: a Design in, AWS resources out. They size nothing; every number comes from the Design.

`Inference` provisions what a plan chose; the others can be composed on their own.
"""

from headway_components.asynchronous import AsynchronousEndpoint
from headway_components.batch import SpotBatch
from headway_components.features import FeatureStore
from headway_components.inference import Inference
from headway_components.microbatch import MicroBatch
from headway_components.precomputed import Precomputed
from headway_components.realtime import RealtimeEndpoint
from headway_components.serverless import ServerlessEndpoint
from headway_components.site import Wiring
from headway_components.tiered import Tiered

__all__ = [
    "AsynchronousEndpoint",
    "FeatureStore",
    "Inference",
    "MicroBatch",
    "Precomputed",
    "RealtimeEndpoint",
    "ServerlessEndpoint",
    "SpotBatch",
    "Tiered",
    "Wiring",
]

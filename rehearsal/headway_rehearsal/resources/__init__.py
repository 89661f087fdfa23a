"""The resource table: each Pulumi type, and how it is created and read in the in-process AWS.

Driven by botocore's own models where it can be; a property that the table does not know fails loudly.
"""

from headway_rehearsal.resources.table import TABLE, Created, ResourceType, invoke

__all__ = ["TABLE", "Created", "ResourceType", "invoke"]

"""What asks AWS: prices, traffic, measurements, the actual bill. The one part of the planner that does.

Through boto3 (extra ``aws``), imported when first asked, with the usual credential chain. Reads with the permissions of
``permissions.py`` and no others, pages, retries as the SDK's adaptive mode does; one error for whatever AWS refuses.
"""

from headway.account.connection import Account, connect
from headway.account.errors import AccountError, telling
from headway.account.permissions import PERMISSIONS, policy

__all__ = ["PERMISSIONS", "Account", "AccountError", "connect", "policy", "telling"]

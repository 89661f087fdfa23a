"""Whatever AWS refuses, as one error that a person can act on. The only place that knows botocore's errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from headway.errors import HeadwayError

Kind = Literal["credentials", "expired", "clock", "denied", "throttled", "unreachable", "region", "absent", "refused"]


class AccountError(HeadwayError):
    """AWS could not be asked, or said no. ``kind`` says which, ``action`` is the IAM action that was asked for."""

    def __init__(self, message: str, *, kind: Kind, action: str = "", code: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.action = action
        self.code = code
        """AWS's own word for it, such as ``ValidationException``; empty where AWS was not reached."""


_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
_UNKNOWN = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "InvalidAccessKeyId", "InvalidToken",
     "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken",
     "MissingAuthenticationTokenException"}
)  # fmt: skip
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized",
     "AuthorizationErrorException", "Forbidden", "403", "OptInRequired", "UnauthorizedException"}
)  # fmt: skip
_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded", "TooManyRequestsException",
     "RequestThrottled", "RequestThrottledException", "LimitExceededException", "BandwidthLimitExceeded", "SlowDown",
     "PriorRequestNotComplete", "ProvisionedThroughputExceededException", "429"}
)  # fmt: skip
_ABSENT = frozenset({"ResourceNotFound", "ResourceNotFoundException", "NoSuchBucket", "NoSuchKey", "NotFound", "404",
                     "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"})  # fmt: skip
_CLOCK = frozenset({"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"})


@contextmanager
def telling(action: str, command: str = "") -> Iterator[None]:
    """Turns what botocore raises within into one AccountError.

    Args:
        action: The IAM action that is asked for, such as ``sqs:ReceiveMessage``.
        command: The command that needs it, without ``headway``.

    Raises:
        AccountError: With what to do: log in, allow the named permission, wait, look at the network.
    """
    import botocore.exceptions as aws

    try:
        yield
    except aws.ClientError as error:
        raise _of_answer(error.response.get("Error", {}), action, command) from None
    except (aws.BotoCoreError, aws.HTTPClientError) as error:
        raise _of_library(error, action) from None


def _of_answer(said: dict[str, Any], action: str, command: str) -> AccountError:
    """What an error answer of AWS means."""
    code, text = str(said.get("Code", "")), " ".join(str(said.get("Message", "")).split())
    kind, message = _meaning(code, text, action, command)
    return AccountError(message, kind=kind, action=action, code=code)


def _meaning(code: str, text: str, action: str, command: str) -> tuple[Kind, str]:
    if code in _CLOCK or (code == "InvalidSignatureException" and "ignature" in text and "expired" in text):
        return "clock", f"AWS refused {action}: this machine's clock is off ({text or code}); set it and try again"
    if code in _EXPIRED:
        return "expired", f"the AWS credentials have expired ({code}); log in again, for example: aws sso login"
    if code in _UNKNOWN:
        return "credentials", f"AWS does not accept the credentials ({code}); check them: aws sts get-caller-identity"
    if code in _DENIED:
        return "denied", _denied(text, action, command)
    if code in _THROTTLED:
        return "throttled", f"AWS throttled {action} and retries did not help ({code}); try again in some minutes"
    if code in _ABSENT or any(words in text for words in ("does not exist", "Could not find")):
        return "absent", f"AWS does not know what was asked for ({action}): {text or code}"
    return "refused", f"AWS refused {action}: {code}: {text}" if text else f"AWS refused {action}: {code}"


def _denied(text: str, action: str, command: str) -> str:
    """Names the missing permission: the one in AWS's own sentence, else the one that was asked for."""
    named = re.search(r"perform:? ([a-z0-9-]+:[A-Za-z]+)", text)
    missing = named[1] if named else action
    who = re.search(r"User: (\S+)", text)
    needs = f"; `headway {command}` needs it" if command else ""
    where = next((f" ({place})" for place in _DENIERS if place in text), "")
    return f"AWS denied {missing}{f' to {who[1]}' if who else ''}{where}: allow it{needs}"


_DENIERS = (
    "service control policy", "permissions boundary", "session policy", "resource-based policy",
    "VPC endpoint policy", "explicit deny",
)  # fmt: skip
"""What AWS names where something other than a missing statement denies."""


def _of_library(error: Exception, action: str) -> AccountError:
    """What botocore could not do by itself."""
    import botocore.exceptions as aws

    said = " ".join(str(error).split()).removesuffix(".")
    if isinstance(error, aws.NoRegionError):
        message = "no AWS region is set: give --region, or set AWS_REGION"
        return AccountError(message, kind="region", action=action)
    if isinstance(error, aws.InvalidRegionError | aws.UnknownEndpointError | aws.EndpointProviderError):
        return AccountError(f"{said}: give a region such as us-east-1", kind="region", action=action)
    expired = aws.UnauthorizedSSOTokenError, aws.SSOTokenLoadError, aws.TokenRetrievalError, aws.LoginRefreshRequired
    if isinstance(error, expired):
        message = f"the AWS login has expired ({said}); log in again, for example: aws sso login"
        return AccountError(message, kind="expired", action=action)
    if isinstance(error, aws.NoCredentialsError | aws.NoAuthTokenError):
        message = "no AWS credentials were found; set AWS_PROFILE or AWS_ACCESS_KEY_ID, or log in: aws sso login"
        return AccountError(message, kind="credentials", action=action)
    if isinstance(error, _credentials()):
        return AccountError(f"the AWS credentials cannot be used: {said}", kind="credentials", action=action)
    if isinstance(error, aws.HTTPClientError | aws.ConnectionError | aws.MetadataRetrievalError):
        message = f"AWS cannot be reached for {action}: {said}; check the network, proxy and region"
        return AccountError(message, kind="unreachable", action=action)
    return AccountError(f"AWS could not be asked for {action}: {said}", kind="refused", action=action)


def _credentials() -> tuple[type[Exception], ...]:
    import botocore.exceptions as aws

    return (
        aws.PartialCredentialsError, aws.CredentialRetrievalError, aws.ProfileNotFound, aws.ConfigParseError,
        aws.ConfigNotFound, aws.UnknownCredentialError, aws.InvalidConfigError, aws.InfiniteLoopConfigError,
        aws.RefreshWithMFAUnsupportedError, aws.SSOError, aws.LoginError, aws.InvalidIMDSEndpointError,
    )  # fmt: skip

"""What went wrong while a connection was opened, in words a person can act on and without the key."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Mapping, Sequence

from voiceloop.errors import BackendError, UnreachableError

__all__ = ["UpgradeRefusedError", "refused", "unreachable"]

EXCERPT_CHARS = 200
MIN_SECRET_CHARS = 8
REFUSAL_HINTS = dict.fromkeys(range(300, 400), "redirects are not followed, correct the base URL") | {
    401: "check the key",
    402: "check the account's balance",
    403: "this key may not use it",
    404: "check the base URL and the model",
    429: "too many requests or no quota left",
}
UNTRUSTED = (
    "the certificate of {where} is not trusted ({failure.verify_message}): check {check} and the clock;"
    " where a company signs certificates itself, name its own in backend.ca_file"
)
FAILURES: tuple[tuple[type[OSError], str], ...] = (  # the first that fits
    (TimeoutError, "no answer from {where}: check the network and {check}"),
    (ssl.SSLCertVerificationError, UNTRUSTED),
    (ssl.SSLError, "no TLS with {where} ({failure}): check {check}, it may want http or ws"),
    (socket.gaierror, "{where} is not known: check {check} and the network"),
    (ConnectionRefusedError, "{where} refuses connections: check that it runs and {check}"),
    (ConnectionError, "{where} dropped the connection before it was open: try again, check {check}"),
    (OSError, "cannot connect to {where} ({failure}): check the network and {check}"),
)
UNKNOWN_CLIENT = frozenset(
    {
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",  # TLS 1.2, where no certificate was shown
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "TLSV1_ALERT_UNKNOWN_CA",
    }
)
"""What a server says that wants to know who connects."""


class UpgradeRefusedError(BackendError):
    """The server answered over HTTP and did not switch to websocket.

    `status` is the HTTP status, `headers` are the response's with names in lower case, `body` is its beginning with
    the request's own secrets blanked.
    """

    def __init__(self, message: str, *, status: int, headers: Mapping[str, str], body: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.body = body


def refused(
    where: str, status: int, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]
) -> UpgradeRefusedError:
    """Build the error for an HTTP answer other than 101; words of `secrets` that the body echoes are blanked."""
    text = body.decode(errors="replace")
    words = {word for secret in secrets for word in re.split(r"[\s,;=&.]+", secret) if len(word) >= MIN_SECRET_CHARS}
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "***")
    excerpt = " ".join(text.split())[:EXCERPT_CHARS]
    parts = (f"{where} refused realtime with HTTP {status}", REFUSAL_HINTS.get(status, ""), excerpt)
    return UpgradeRefusedError(": ".join(part for part in parts if part), status=status, headers=headers, body=excerpt)


def unreachable(where: str, failure: OSError, *, check: str = "the base URL") -> UnreachableError:
    """Build the error for a connection that never was; `check` names the setting that led there."""
    if getattr(failure, "reason", "") in UNKNOWN_CLIENT:
        text = "{where} wants a client certificate that it knows: check backend.client_cert and {check}"
    else:
        text = next(text for kind, text in FAILURES if isinstance(failure, kind))
    return UnreachableError(text.format(where=where, failure=failure, check=check))

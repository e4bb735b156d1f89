"""Which certificates are trusted and which one is ours, made from files that settings and the environment name."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from voiceloop.errors import SettingsError
from voiceloop.settings import BackendSettings

__all__ = ["identified", "trusting"]

Version = tuple[Path, int]
"""A file and when it was written: what it held then does not change."""


def trusting(backend: BackendSettings, environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return a context that trusts `ca_file`, else SSL_CERT_FILE and SSL_CERT_DIR, else what the system trusts.

    Contexts are shared: do not change one. Raises SettingsError for a file that is not there or holds no certificate.
    """
    return _context(*_trusted(backend, environ), None, None, None)


def identified(backend: BackendSettings, environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return a context that trusts the same and shows the client certificate, if there is one. See `trusting`."""
    trusted, certificate, key = _trusted(backend, environ), backend.client_cert, backend.client_key
    if certificate is None:
        if key is not None:
            raise SettingsError("backend.client_key is set without backend.client_cert: set both, or neither")
        return _context(*trusted, None, None, None)
    password = backend.client_key_password_file
    return _context(
        *trusted,
        _readable("backend.client_cert", certificate),
        None if key is None else _readable("backend.client_key", key),
        None if password is None else _readable("backend.client_key_password_file", password),
    )


def _trusted(backend: BackendSettings, environ: Mapping[str, str]) -> tuple[str, Version | None, str | None]:
    """Which setting names a file of certificates, that file, and folders of them."""
    if backend.ca_file is not None:
        return "backend.ca_file", _readable("backend.ca_file", backend.ca_file), None
    file, folders = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR") or None
    if folders is not None and not any(Path(folder).is_dir() for folder in folders.split(os.pathsep)):
        raise SettingsError(f"SSL_CERT_DIR: there is no folder {folders}; correct the variable or unset it")
    return "SSL_CERT_FILE", _readable("SSL_CERT_FILE", file) if file else None, folders


def _readable(named_by: str, name: str) -> Version:
    path = Path(name).expanduser()
    try:
        with path.open("rb") as file:
            return path, os.fstat(file.fileno()).st_mtime_ns
    except OSError as error:
        raise SettingsError(f"{named_by}: cannot read {path}: {error.strerror}; name a PEM file") from error


@lru_cache(maxsize=8)  # reading the system's certificates takes some 10 ms
def _context(
    named_by: str,
    authorities: Version | None,
    folders: str | None,
    certificate: Version | None,
    key: Version | None,
    password: Version | None,
) -> ssl.SSLContext:
    if authorities is None and folders is None:
        context = ssl.create_default_context()
    else:
        file = None if authorities is None else authorities[0]
        try:
            context = ssl.create_default_context(cafile=file, capath=folders)
        except ssl.SSLError as error:
            raise SettingsError(f"{named_by}: {file} holds no certificate; name a PEM file") from error
        # Python 3.13 and later refuse the certificates of many companies' proxies, which browsers and curl take.
        context.verify_flags = (context.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN) & ~ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(["http/1.1"])  # httpx sets this itself; said here, it changes no shared context
    if certificate is not None:
        _identify(context, certificate[0], None if key is None else key[0], None if password is None else password[0])
    return context


def _identify(context: ssl.SSLContext, certificate: Path, key: Path | None, password: Path | None) -> None:
    asked = []

    def tell() -> str:
        asked.append("password")  # without this function OpenSSL would ask at the terminal
        return "" if password is None else password.read_text("utf-8").rstrip("\r\n")

    holder = "backend.client_cert: " + str(certificate) if key is None else "backend.client_key: " + str(key)
    try:
        context.load_cert_chain(certificate, key, tell)
    except ssl.SSLError as error:
        if asked and password is None:
            reason = f"{holder} is encrypted; name a file with its password in backend.client_key_password_file"
        elif asked:
            reason = f"backend.client_key_password_file: {password} does not hold the password of {key or certificate}"
        elif error.reason == "KEY_VALUES_MISMATCH":
            reason = f"{holder} is not the key of the certificate {certificate}; name the two that belong together"
        else:
            reason = f"{holder}: no PEM certificate with its key in {certificate} and {key or 'the same file'}"
        raise SettingsError(reason) from error
    except (OSError, ValueError) as error:
        raise SettingsError(f"backend.client_key_password_file: {password} is no password: {error}") from error

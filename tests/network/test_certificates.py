from __future__ import annotations

import os
import shutil
import ssl
from pathlib import Path

import pytest

from office import CA, CLIENT, KEY, LOCKED_KEY, PASSWORD_FILE, SERVER, TLS
from voiceloop.errors import SettingsError
from voiceloop.network.certificates import identified, trusting
from voiceloop.settings import BackendSettings


def context(environ=None, **backend):
    return identified(BackendSettings(**backend), environ or {})


def authorities(made):
    return [dict(part[0] for part in each["subject"])["commonName"] for each in made.get_ca_certs()]


# Whom we trust


def test_a_file_of_authorities_takes_the_place_of_the_systems():
    assert authorities(context(ca_file=CA)) == ["office tests CA"]
    assert authorities(context({"SSL_CERT_FILE": CA})) == ["office tests CA"]


def test_the_setting_wins_over_the_variable():
    other = str(TLS.parent / "localhost.pem")
    assert authorities(context({"SSL_CERT_FILE": other}, ca_file=CA)) == ["office tests CA"]


def test_names_are_checked_whoever_is_trusted():
    for made in (context(), context(ca_file=CA), context({"SSL_CERT_DIR": str(TLS)})):
        assert made.verify_mode is ssl.CERT_REQUIRED
        assert made.check_hostname


def test_certificates_of_companies_are_taken_as_curl_takes_them_on_every_python():
    flags = context(ca_file=CA).verify_flags
    assert flags & ssl.VERIFY_X509_PARTIAL_CHAIN
    assert not flags & ssl.VERIFY_X509_STRICT
    assert context().verify_flags == ssl.create_default_context().verify_flags


def test_empty_variables_are_not_set():
    assert context({"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""}) is context()


def test_a_context_is_made_once_until_its_file_is_written_anew(tmp_path):
    file = tmp_path / "ca.pem"
    shutil.copy(CA, file)
    first = context(ca_file=str(file))
    assert context(ca_file=str(file)) is first
    os.utime(file, ns=(1, 1))
    assert context(ca_file=str(file)) is not first


def test_a_tilde_is_home(monkeypatch):
    monkeypatch.setenv("HOME", str(TLS))
    assert authorities(context(ca_file="~/ca.pem")) == ["office tests CA"]


def test_a_folder_that_is_not_there_is_a_settings_error_unless_another_one_is(tmp_path):
    gone = str(tmp_path / "gone")
    with pytest.raises(SettingsError, match=r"^SSL_CERT_DIR: there is no folder .*gone"):
        context({"SSL_CERT_DIR": gone})
    context({"SSL_CERT_DIR": f"{gone}{os.pathsep}{tmp_path}"})


@pytest.mark.parametrize("setting", ["ca_file", "client_cert"])
@pytest.mark.parametrize(("make", "why"), [(None, "No such file"), (Path.mkdir, "Is a directory")])
def test_a_file_that_cannot_be_read_is_named_with_its_setting(tmp_path, setting, make, why):
    path = tmp_path / "x.pem"
    if make is not None:
        make(path)
    with pytest.raises(SettingsError, match=rf"^backend\.{setting}: cannot read .*x\.pem: {why}.*; name a PEM file"):
        context(**{setting: str(path)})


def test_a_variable_that_names_no_file_is_named():
    with pytest.raises(SettingsError, match=r"^SSL_CERT_FILE: cannot read /no/such\.pem: No such file"):
        context({"SSL_CERT_FILE": "/no/such.pem"})


@pytest.mark.parametrize("text", ["", "no certificate\n"])
def test_a_file_without_a_certificate_is_named(tmp_path, text):
    path = tmp_path / "x.pem"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"^backend\.ca_file: .*x\.pem holds no certificate"):
        context(ca_file=str(path))
    with pytest.raises(SettingsError, match=r"^SSL_CERT_FILE: .*x\.pem holds no certificate"):
        context({"SSL_CERT_FILE": str(path)})


# Who we are


@pytest.mark.parametrize(
    "given",
    [
        {"client_cert": CLIENT, "client_key": KEY},
        {"client_cert": CLIENT, "client_key": LOCKED_KEY, "client_key_password_file": PASSWORD_FILE},
        {"client_cert": CLIENT, "client_key": KEY, "client_key_password_file": PASSWORD_FILE},
        {"client_cert": SERVER},
    ],
)
def test_a_certificate_has_its_key_beside_it_or_in_it_locked_or_not(given):
    context(**given)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"client_key": KEY}, r"^backend\.client_key is set without backend\.client_cert"),
        (
            {"client_cert": CLIENT},
            r"^backend\.client_cert: .*client\.pem: no PEM certificate with its key in .* the same",
        ),
        ({"client_cert": KEY, "client_key": KEY}, r"no PEM certificate with its key in .*client\.key"),
        ({"client_cert": SERVER, "client_key": KEY}, r"client\.key is not the key of the certificate .*server\.pem"),
        (
            {"client_cert": CLIENT, "client_key": LOCKED_KEY},
            r"^backend\.client_key: .*client-locked\.key is encrypted; .* its password in backend\.client_key_password",
        ),
        (
            {"client_cert": CLIENT, "client_key": LOCKED_KEY, "client_key_password_file": CA},
            r"client_key_password_file: .*ca\.pem does not hold the password of .*client-locked\.key",
        ),
        (
            {"client_cert": CLIENT, "client_key": KEY, "client_key_password_file": "/no/such"},
            r"^backend\.client_key_password_file: cannot read /no/such: No such file",
        ),
    ],
)
def test_a_certificate_of_ours_that_is_of_no_use_is_told_with_the_fix(given, told):
    with pytest.raises(SettingsError, match=told) as error:
        context(**given)
    assert "\n" not in str(error.value)
    assert "office-password" not in str(error.value)


def test_a_password_file_that_is_no_text_is_named(tmp_path):
    password = tmp_path / "password"
    password.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"^backend\.client_key_password_file: .*password is no password"):
        context(client_cert=CLIENT, client_key=LOCKED_KEY, client_key_password_file=str(password))


def test_for_a_proxy_there_is_trust_and_no_certificate_of_ours():
    backend = BackendSettings(ca_file=CA, client_cert="/no/such")
    assert trusting(backend, {}) is context(ca_file=CA)

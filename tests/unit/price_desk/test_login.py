"""librdkafka's security properties, said to Faust."""

import ssl
import subprocess
from pathlib import Path

import faust
import pytest

from consumers.broker_login import read_login
from consumers.prices import faust_credentials
from schemas.errors import BadSetup

SASL = {"sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "lima", "sasl.password": "secret"}


def test_broker_that_asks_for_nothing_gets_nothing() -> None:
    assert faust_credentials({}) is None
    assert faust_credentials({"security.protocol": "plaintext", "linger.ms": "5", **SASL}) is None


def test_sasl_without_tls() -> None:
    credentials = faust_credentials({"security.protocol": "SASL_PLAINTEXT", **SASL})
    assert isinstance(credentials, faust.SASLCredentials)
    assert credentials.protocol.value == "SASL_PLAINTEXT"
    assert credentials.mechanism.value == "SCRAM-SHA-512"
    assert (credentials.username, credentials.password, credentials.ssl_context) == ("lima", "secret", None)


def test_sasl_with_tls() -> None:
    credentials = faust_credentials({"security.protocol": "sasl_ssl", **SASL})
    assert isinstance(credentials, faust.SASLCredentials)
    assert credentials.protocol.value == "SASL_SSL"
    assert credentials.ssl_context is not None
    assert credentials.ssl_context.check_hostname
    assert credentials.ssl_context.verify_mode is ssl.CERT_REQUIRED


def test_tls_alone() -> None:
    credentials = faust_credentials({"security.protocol": "ssl"})
    assert isinstance(credentials, faust.SSLCredentials)
    assert credentials.protocol.value == "SSL"


@pytest.mark.parametrize(
    ("properties", "host_is_checked", "verify"),
    [
        ({}, True, ssl.CERT_REQUIRED),
        ({"ssl.ca.location": "probe"}, True, ssl.CERT_REQUIRED),
        ({"ssl.endpoint.identification.algorithm": "none"}, False, ssl.CERT_REQUIRED),
        ({"enable.ssl.certificate.verification": "false"}, False, ssl.CERT_NONE),
    ],
)
def test_what_tls_checks(properties: dict[str, str], host_is_checked: bool, verify: ssl.VerifyMode) -> None:
    context = read_login({"security.protocol": "ssl", **properties}).ssl_context
    assert context is not None
    assert (context.check_hostname, context.verify_mode) == (host_is_checked, verify)


def test_own_authority_and_own_certificate(tmp_path: Path) -> None:
    certificate, key = tmp_path / "lima.pem", tmp_path / "lima.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=lima"]
    subprocess.run([*command, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    files = {"ssl.certificate.location": str(certificate), "ssl.key.location": str(key)}
    login = read_login({"security.protocol": "ssl", "ssl.ca.location": str(certificate), **files})
    assert login.ssl_context is not None
    assert [authority["subject"] for authority in login.ssl_context.get_ca_certs()] == [((("commonName", "lima"),),)]
    inline = read_login({"security.protocol": "ssl", "ssl.ca.pem": certificate.read_text()})
    assert inline.ssl_context is not None
    assert len(inline.ssl_context.get_ca_certs()) == 1


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        ({"security.protocol": "quantum"}, "security.protocol=quantum"),
        ({"security.protocol": "sasl_ssl", "sasl.username": "a", "sasl.password": "b"}, "sasl.mechanism=GSSAPI"),
        ({"security.protocol": "sasl_ssl", **SASL, "sasl.mechanism": "OAUTHBEARER"}, "OAUTHBEARER"),
        ({"security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN", "sasl.username": "a"}, "sasl.password"),
        ({"security.protocol": "ssl", "ssl.keystore.location": "a.p12"}, "ssl.keystore.location"),
        ({"sasl.kerberos.keytab": "a"}, "sasl.kerberos.keytab"),
        ({"security.protocol": "ssl", "ssl.ca.location": "/nowhere/ca.pem"}, r"ssl\.\*"),
        ({"security.protocol": "ssl", "ssl.ca.pem": "no certificate"}, r"ssl\.\*"),
    ],
)
def test_what_cannot_be_mapped_is_refused_by_name(properties: dict[str, str], named: str) -> None:
    with pytest.raises(BadSetup, match=named):
        faust_credentials(properties)


def test_password_is_not_in_the_words_of_a_login() -> None:
    assert "secret" not in repr(read_login({"security.protocol": "sasl_plaintext", **SASL}))

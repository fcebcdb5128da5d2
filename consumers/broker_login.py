"""How to log in to a broker, read from librdkafka's properties, for a client that knows none of them.

=========================================  ==========================================
property                                   becomes
=========================================  ==========================================
security.protocol                          plain or TLS, with SASL or without
sasl.mechanism(s)                          PLAIN, SCRAM-SHA-256, SCRAM-SHA-512
sasl.username, sasl.password               the credentials
ssl.ca.location, ssl.ca.pem                the authorities that are trusted
ssl.certificate.location, ssl.key.…        the client's own certificate
enable.ssl.certificate.verification        false trusts every certificate
ssl.endpoint.identification.algorithm      none accepts every host name
=========================================  ==========================================

The one rule: a property about security that cannot be mapped is refused, never dropped; others are librdkafka's own
tuning and mean nothing here.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from schemas.errors import BadSetup

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]

_PROTOCOLS: Final[Mapping[str, Protocol]] = {
    "PLAINTEXT": "PLAINTEXT",
    "SSL": "SSL",
    "SASL_PLAINTEXT": "SASL_PLAINTEXT",
    "SASL_SSL": "SASL_SSL",
}
_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_KNOWN: Final = frozenset(
    {
        "security.protocol",
        "sasl.mechanism",
        "sasl.mechanisms",
        "sasl.username",
        "sasl.password",
        "ssl.ca.location",
        "ssl.ca.pem",
        "ssl.certificate.location",
        "ssl.key.location",
        "ssl.key.password",
        "ssl.endpoint.identification.algorithm",
        "enable.ssl.certificate.verification",
    }
)


@dataclass(frozen=True, slots=True)
class Login:
    """What a client must know to log in.

    Parameters
    ----------
    protocol
        Plain or TLS, with SASL or without.
    mechanism, username, password
        Of SASL; None without it.
    ssl_context
        Of TLS; None without it.
    """

    protocol: Protocol = "PLAINTEXT"
    mechanism: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ssl_context: ssl.SSLContext | None = field(default=None, repr=False)


def read_login(properties: Mapping[str, str]) -> Login:
    """Return the login in librdkafka's properties.

    Parameters
    ----------
    properties
        As they would be given to librdkafka.

    Returns
    -------
    Login
        The same, in this client's terms.

    Raises
    ------
    BadSetup
        When a property about security is unknown, or does not fit the others.

    >>> read_login({"security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN",
    ...             "sasl.username": "lima", "sasl.password": "secret"})
    Login(protocol='SASL_PLAINTEXT', mechanism='PLAIN', username='lima')
    """
    for name in properties:
        if name.startswith(("sasl.", "ssl.")) and name not in _KNOWN:
            raise BadSetup(f"The property {name} cannot be used by the price desk.")
    given = properties.get("security.protocol", "PLAINTEXT")
    protocol = _PROTOCOLS.get(given.upper())
    if protocol is None:
        raise BadSetup(f"security.protocol={given} is none of {', '.join(_PROTOCOLS)}.")
    context = _ssl_context(properties) if protocol.endswith("SSL") else None
    if not protocol.startswith("SASL"):
        return Login(protocol, ssl_context=context)
    return Login(
        protocol,
        _mechanism(properties),
        _wanted(properties, "sasl.username"),
        _wanted(properties, "sasl.password"),
        context,
    )


def _mechanism(properties: Mapping[str, str]) -> str:
    # librdkafka's own default is GSSAPI, which aiokafka does only with a library that is not installed here.
    given = properties.get("sasl.mechanism", properties.get("sasl.mechanisms", "GSSAPI")).upper()
    if given not in _MECHANISMS:
        raise BadSetup(f"sasl.mechanism={given} is none of {', '.join(_MECHANISMS)}.")
    return given


def _wanted(properties: Mapping[str, str], name: str) -> str:
    if name not in properties:
        raise BadSetup(f"{name} is missing.")
    return properties[name]


def _ssl_context(properties: Mapping[str, str]) -> ssl.SSLContext:
    # librdkafka's word for the system's own authorities.
    location = properties.get("ssl.ca.location")
    cafile = None if location == "probe" else location
    certificate = properties.get("ssl.certificate.location")
    try:
        context = ssl.create_default_context(cafile=cafile, cadata=properties.get("ssl.ca.pem"))
        if certificate is not None:
            context.load_cert_chain(certificate, properties.get("ssl.key.location"), properties.get("ssl.key.password"))
    except (OSError, ValueError) as error:
        raise BadSetup(f"A certificate or key of ssl.* cannot be read: {error}.") from error
    if properties.get("ssl.endpoint.identification.algorithm", "https").lower() == "none":
        context.check_hostname = False
    if properties.get("enable.ssl.certificate.verification", "true").lower() == "false":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context

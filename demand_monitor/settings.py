"""What an operator may set, and where it is read from.

::

    --option  beats  DEMAND_OPTION in the environment  beats  the TOML file of --config or DEMAND_CONFIG  beats  default

    setting                    environment                           TOML
    -------------------------  ------------------------------------  ------------------------------------
    bootstrap                  DEMAND_BOOTSTRAP                      bootstrap = "kafka:9092"
    redis                      DEMAND_REDIS                          redis = "rediss://cache:6380/0"
    redis_password_file        DEMAND_REDIS_PASSWORD_FILE            redis_password_file = "/run/secrets/redis"
    any librdkafka property    DEMAND_KAFKA__SECURITY_PROTOCOL       [kafka]  "security.protocol" = "SASL_SSL"
    any setting of the shop    DEMAND_SHOP__ZONE                     [shop]   zone = "America/Lima"

The one rule: a value that cannot be used is refused here, by the setting's name; a secret never leaves this module in
anything that is printed.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from online_models import registry
from schemas.errors import BadSetup
from streams.settings import ShopSettings

ENVIRONMENT_PREFIX = "DEMAND_"
CONFIG_VARIABLE = "DEMAND_CONFIG"
MASK = "•••"

LogLevel = Literal["info", "warning", "none"]

#: librdkafka's properties that have settings of their own, or that the guarantees rest on.
_NOT_HERE: Mapping[str, str] = {
    "bootstrap.servers": "set `bootstrap` instead",
    "group.id": "groups are named after the prefix",
    "transactional.id": "it is named after the prefix",
    "auto.offset.reset": "where to read is decided by the marks in Redis",
    "enable.auto.commit": "where to read is decided by the marks in Redis",
    "partitioner": "all producers must share one",
    "enable.idempotence": "it is always on",
    "acks": "it is always `all`",
}
_SECRET_PROPERTIES = ("password", "secret", "key.pem", "token", "oauthbearer.config", "jaas")


def _as_properties(table: object) -> object:
    """Return librdkafka's properties with their own names and as text."""
    if not isinstance(table, Mapping):
        return table
    flat: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):  # [kafka.security] protocol = … is TOML for the same thing
            inner = _as_properties(value)
            flat |= {f"{name}.{rest}": text for rest, text in inner.items()} if isinstance(inner, dict) else {}
            continue
        # An environment variable can hold no dot; `log_level` alone has an underscore of its own.
        proper = name if name == "log_level" else name.replace("_", ".")
        flat[proper.lower()] = str(value).lower() if isinstance(value, bool) else str(value)
    return flat


Properties = Annotated[dict[str, str], BeforeValidator(_as_properties)]


class Settings(BaseSettings):
    """Settings of one process.

    Parameters
    ----------
    bootstrap
        The brokers, `host:port,host:port`.
    kafka
        Any property of librdkafka; those about security are mapped for the price desk's client too.
    kafka_password_file, ssl_key_password_file
        Files that hold `sasl.password` and `ssl.key.password`.
    redis
        `redis://`, `rediss://` or `unix://`.
    redis_password_file
        File that holds the password, where the URL has none.
    prefix
        Of every topic, group and key: installations with different prefixes do not see each other.
    partitions
        P, the number of tasks.
    replication
        Replicas of a topic; -1 leaves it to the broker.
    tick_interval_seconds
        How often `heartbeat` ticks at most.
    commit_interval_seconds
        A commit is due after so long.
    stall_seconds
        How long work may wait without a single step before the process ends itself.
    outage_seconds
        How long a server may stay away before the process ends and leaves it to its supervisor.
    answer_seconds
        How long a command waits for a server's first answer.
    metrics_port, metrics_host
        Where a process that runs on shows `/metrics`; no port, no metrics. Loopback unless set otherwise: what is shown
        names stores, and asks for no password. `monitor --processes N` takes N ports, counted up from this one.
    log_level
        Life-cycle events on standard error: all ("info"), only trouble ("warning"), or "none".
    shop
        How events are handled; see :class:`streams.settings.ShopSettings`.

    Examples
    --------
    >>> Settings(prefix="lima-").prefix
    'lima-'
    """

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    bootstrap: str = Field(default="localhost:9092", min_length=1)
    kafka: Properties = {}
    kafka_password_file: Path | None = None
    ssl_key_password_file: Path | None = None
    redis: str = "redis://localhost:6379/0"
    redis_password_file: Path | None = None
    prefix: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,100}$")
    partitions: int = Field(default=4, ge=1, le=10_000)
    replication: int = Field(default=-1, ge=-1)
    tick_interval_seconds: float = Field(default=0.1, gt=0, le=60)
    commit_interval_seconds: float = Field(default=1.0, ge=0, le=60)
    stall_seconds: float = Field(default=60.0, ge=5)
    outage_seconds: float = Field(default=60.0, gt=0)
    answer_seconds: float = Field(default=8.0, gt=0)
    metrics_port: int | None = Field(default=None, ge=1, le=65_535)
    metrics_host: str = Field(default="127.0.0.1", min_length=1)
    log_level: LogLevel = "info"
    shop: ShopSettings = ShopSettings()

    _overrides: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment between the options and the file."""
        options = dict(init_settings())
        table = options.pop("_table", {})
        return (
            InitSettingsSource(settings_cls, options),
            env_settings,
            InitSettingsSource(settings_cls, table if isinstance(table, dict) else {}),
        )

    @field_validator("redis")
    @classmethod
    def _check_redis(cls, url: str) -> str:
        if urlsplit(url).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("it begins with redis://, rediss:// or unix://")
        return url

    @field_validator("kafka")
    @classmethod
    def _check_kafka(cls, properties: dict[str, str]) -> dict[str, str]:
        for name in properties:
            if name in _NOT_HERE:
                raise ValueError(f"{name} cannot be set: {_NOT_HERE[name]}")
        return properties

    @field_validator("shop")
    @classmethod
    def _check_shop(cls, shop: ShopSettings) -> ShopSettings:
        try:
            ZoneInfo(shop.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"shop.zone = {shop.zone!r} is no time zone, such as America/Lima") from None
        for name in ("risk_target", "clear_share", "service_level", "exposure_floor", "poison_share"):
            if not 0 < getattr(shop, name) <= 1:
                raise ValueError(f"shop.{name} must be above 0 and at most 1")
        for name in ("slack_ms", "max_ahead_ms", "lead_time_days", "review_days"):
            if getattr(shop, name) < 0:
                raise ValueError(f"shop.{name} must not be negative")
        wish = shop.drift_alarms_per_series_year
        if wish is not None and not wish > 0:
            raise ValueError("shop.drift_alarms_per_series_year must be above 0")
        low, high = shop.degraded_coverage
        if not 0 <= low < high <= 1:
            raise ValueError("shop.degraded_coverage are two shares, the first below the second")
        for name in ("dedupe_horizon_ms", "hour_spread_ms", "period_spread_ms", "degraded_periods", "degraded_bias"):
            if getattr(shop, name) <= 0:
                raise ValueError(f"shop.{name} must be above 0")
        for each in shop.costs:
            if not 0 <= each.margin_share < 1 or each.holding_share_a_year < 0 or each.waste_share_a_day < 0:
                raise ValueError("shop.costs: a margin lies from 0 to below 1, holding and waste are not negative")
        first, last = shop.trading_hours
        if not 0 <= first < last <= 24:
            raise ValueError("shop.trading_hours are two hours from 0 to 24, the first below the second")
        registry.register_installed()
        for name in shop.extra_models:
            if name not in registry.FACTORIES:
                there = ", ".join(sorted(registry.FACTORIES))
                raise ValueError(f"shop.extra_models has {name!r}, which no package registers; there are {there}")
        return shop

    # --- what the wiring reads ------------------------------------------------------------------------------------

    def kafka_properties(self) -> dict[str, str]:
        """Return everything librdkafka is told, secrets included: for clients, never for print."""
        files = {"sasl.password": self.kafka_password_file, "ssl.key.password": self.ssl_key_password_file}
        secrets = {name: _read_secret(path) for name, path in files.items() if path is not None}
        return {"bootstrap.servers": self.bootstrap, **self.kafka, **secrets}

    def redis_url(self) -> str:
        """Return the address of Redis, its password included: for the client, never for print."""
        if self.redis_password_file is None:
            return self.redis
        parts = urlsplit(self.redis)
        host = parts.netloc.rpartition("@")[2]
        user = quote(parts.username or "", safe="")
        password = quote(_read_secret(self.redis_password_file), safe="")
        return urlunsplit(parts._replace(netloc=f"{user}:{password}@{host}"))

    def environment(self) -> dict[str, str]:
        """Return the options of the command line as variables, for a process of our own that is to have the same."""
        return dict(self._overrides)

    # --- what people read -----------------------------------------------------------------------------------------

    def shown(self) -> dict[str, Any]:
        """Return every setting with its secrets masked, fit for JSON."""
        values = self.model_dump(mode="json")
        values["redis"] = masked_url(self.redis)
        values["kafka"] = {name: MASK if _is_secret(name) else text for name, text in self.kafka.items()}
        return values

    def __repr__(self) -> str:
        """Return the settings with their secrets masked."""
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in self.shown().items())})"

    __str__ = __repr__


def read_settings(options: Mapping[str, object] | None = None, config: Path | None = None) -> Settings:
    """Return the settings of this process.

    Parameters
    ----------
    options
        From the command line; None values are left out.
    config
        A TOML file; without one, the file that `DEMAND_CONFIG` names.

    Raises
    ------
    BadSetup
        Naming the setting that cannot be used.
    """
    given = {name: value for name, value in (options or {}).items() if value is not None}
    named = config if config is not None else os.environ.get(CONFIG_VARIABLE)
    table = _read_table(Path(named)) if named else {}
    try:
        settings = Settings(**{**given, "_table": table})  # type: ignore[arg-type]
    except ValidationError as error:
        raise BadSetup(_explain(error), "demand-monitor settings") from None
    except SettingsError as error:
        raise BadSetup(f"A variable of the environment cannot be read: {error}.") from None
    settings._overrides.update(
        {ENVIRONMENT_PREFIX + name.upper(): _as_variable(value) for name, value in given.items()}
    )
    if config is not None:
        settings._overrides[CONFIG_VARIABLE] = str(config.resolve())
    return settings


def masked_url(url: str) -> str:
    """Return a URL without its password.

    >>> masked_url("rediss://shop:s3cret@cache:6380/0")
    'rediss://shop:•••@cache:6380/0'
    >>> masked_url("redis://cache:6379/0")
    'redis://cache:6379/0'
    """
    parts = urlsplit(url)
    query = MASK if "password" in parts.query else parts.query
    if not parts.password:
        return urlunsplit(parts._replace(query=query))
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:{MASK}@{host}", query=query))


def _as_variable(value: object) -> str:
    return json.dumps(value) if isinstance(value, Mapping) else str(value)


def _is_secret(name: str) -> bool:
    return any(part in name for part in _SECRET_PROPERTIES)


def _read_secret(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise BadSetup(f"The password file {path} cannot be read: {error.strerror}.") from None


def _read_table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSetup(f"The settings file {path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetup(f"The settings file {path} is no TOML: {error}.") from None


def _explain(error: ValidationError) -> str:
    """Name the first setting that is wrong, and what is wrong with it; its value only where it is no secret."""
    first = error.errors(include_url=False, include_context=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or "the settings"
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        return f"There is no setting {name}."
    shown = f" is {first['input']!r}" if isinstance(first["input"], int | float) else ""
    return f"The setting {name}{shown} cannot be used: {message[:1].lower()}{message[1:]}."

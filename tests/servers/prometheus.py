"""A Prometheus for the tests: the Debian package's, on a free port, configured for one test, scraping every second."""

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError

from tests.servers.process import ServerProcess, free_ports


class NoPrometheus(Exception):
    """No Prometheus can be had; the message says what is missing, in words for a person."""


def find_program(name: str) -> str:
    """Return the path of `prometheus` or `promtool`.

    Raises
    ------
    NoPrometheus
        It is not on PATH.
    """
    found = shutil.which(name)
    if found is None:
        raise NoPrometheus(f"no {name} on PATH (Debian: apt-get install prometheus)")
    return found


class Prometheus:
    """A server that scrapes the given processes.

    Parameters
    ----------
    folder
        For its configuration and its data.
    targets
        Address of each process by the instance's name.
    """

    def __init__(self, folder: Path, targets: Mapping[str, str]) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        config = folder / "prometheus.json"  # JSON is YAML
        config.write_text(json.dumps(_config(targets)))
        command = [
            find_program("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        self._process = ServerProcess(command, folder / "prometheus.log", self._answers)
        self._process.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()

    def query(self, expr: str) -> list[dict[str, Any]]:
        """Return the series of an instant query, as of now."""
        return self._ask("query", query=expr)

    def query_range(self, expr: str, start: float, end: float, step: str = "1s") -> list[dict[str, Any]]:
        """Return the series of a range query."""
        return self._ask("query_range", query=expr, start=str(start), end=str(end), step=step)

    def _ask(self, what: str, **parameters: str) -> list[dict[str, Any]]:
        # POST, as Grafana's data source does it.
        body = urllib.parse.urlencode(parameters).encode()
        with urllib.request.urlopen(f"{self.url}/api/v1/{what}", body, timeout=30) as answer:
            data = json.load(answer)["data"]
        series: list[dict[str, Any]] = data["result"]
        return series

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


def lint_metrics(text: bytes) -> Sequence[str]:
    """Return what `promtool check metrics` has to say about an exposition; nothing, when it is clean."""
    done = subprocess.run([find_program("promtool"), "check", "metrics"], input=text, capture_output=True, check=False)
    told = (done.stdout + done.stderr).decode().splitlines()
    return told if told or done.returncode == 0 else [f"promtool: {done.returncode}"]


def check_config(file: Path) -> Sequence[str]:
    """Return what `promtool check config` has against a configuration; nothing, when it is valid."""
    done = subprocess.run(
        [find_program("promtool"), "check", "config", str(file)], capture_output=True, text=True, check=False
    )
    return [] if done.returncode == 0 else (done.stdout + done.stderr).splitlines()


def _config(targets: Mapping[str, str]) -> dict[str, Any]:
    groups = [{"targets": [address], "labels": {"instance": name}} for name, address in targets.items()]
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [{"job_name": "demand-monitor", "static_configs": groups}],
    }

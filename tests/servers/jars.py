"""The jars of a Kafka broker, resolved by Maven once and kept in `.cache`; `python -m tests.servers.jars` primes it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

KAFKA_VERSION = "4.1.0"  # also in pom.xml
ROOT = Path(__file__).resolve().parents[2]
POM = Path(__file__).with_name("pom.xml")
CACHE = ROOT / ".cache" / f"kafka-{KAFKA_VERSION}"


class NoJars(Exception):
    """The jars cannot be had; the message says what is missing, in words for a person."""


def kafka_jars() -> Path:
    """Return the folder of the broker's jars, filled by Maven if it is not there yet.

    Raises
    ------
    NoJars
        Java or Maven is missing, or Maven failed.
    """
    if shutil.which("java") is None:
        raise NoJars("no Java on PATH")
    if CACHE.is_dir():
        return CACHE
    if shutil.which("mvn") is None:
        raise NoJars("no Maven (mvn) on PATH")
    CACHE.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE.parent) as scratch:
        filled = Path(scratch) / "jars"
        _copy_dependencies(filled)
        try:
            os.rename(filled, CACHE)  # whole or not at all: a run that was cut off leaves no half cache
        except OSError:
            if not CACHE.is_dir():  # else another run was first
                raise
    return CACHE


def _copy_dependencies(target: Path) -> None:
    # Everything by absolute path: Maven takes outputDirectory relative to the pom.
    command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={target}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0 or not any(target.glob(f"kafka_2.13-{KAFKA_VERSION}.jar")):
        raise NoJars(f"Maven could not fetch the broker's jars: {(done.stdout + done.stderr)[-500:]}")


if __name__ == "__main__":
    try:
        print(f"Kafka {KAFKA_VERSION}: {len(list(kafka_jars().glob('*.jar')))} jars in {CACHE}")
    except NoJars as missing:
        raise SystemExit(f"No local Kafka: {missing}") from None

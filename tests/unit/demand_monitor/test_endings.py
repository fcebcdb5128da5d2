"""How commands end: one sentence and an exit code for what a user can mend, a traceback for a bug."""

import os
import signal
import subprocess
import sys

import pytest
import typer

from demand_monitor.cli import build_app, main, run
from demand_monitor.endings import Flag, Interrupted, resumable, stopping
from schemas.errors import (
    BadSetup,
    BrokerDown,
    DemandError,
    Fenced,
    Gap,
    LogTruncated,
    Outage,
    StateCorrupt,
    StoreDown,
    TornTask,
    UnknownMapping,
)


def app_that_raises(error: Exception) -> typer.Typer:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadSetup("x"), 2),
        (UnknownMapping("x"), 2),
        (TornTask("x"), 2),
        (StateCorrupt("x"), 2),
        (LogTruncated("x"), 2),
        (Outage("x"), 3),
        (BrokerDown("x"), 3),
        (StoreDown("x"), 3),
        (Fenced("x"), 4),
        (Gap("x"), 4),
        (Interrupted("x"), 130),
    ],
)
def test_each_error_of_ours_has_its_exit_code(
    error: DemandError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        run(app_that_raises(error), [])
    assert ending.value.code == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[0] == "x"


def test_the_next_command_stands_on_its_own_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(app_that_raises(BadSetup("There is no topic.", "demand-monitor topics create")), [])
    assert capsys.readouterr().err == "There is no topic.\nNext: demand-monitor topics create\n"


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        run(app_that_raises(ZeroDivisionError("a bug")), [])


def test_a_signal_asks_for_an_end_and_then_means_what_it_always_did() -> None:
    flag = Flag()
    before = signal.getsignal(signal.SIGTERM)
    with stopping(flag.set):
        os.kill(os.getpid(), signal.SIGTERM)
        assert flag.is_raised()
        # A second one ends the process: nobody waits for a drain that hangs.
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_interrupted_load_says_that_it_goes_on() -> None:
    with pytest.raises(Interrupted, match="The load was interrupted; run it again"), resumable("The load"):
        os.kill(os.getpid(), signal.SIGTERM)


def test_every_command_of_the_product_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        run(build_app(), ["--help"])
    assert ending.value.code == 0
    page = capsys.readouterr().out
    wanted = "topics load synth mapping heartbeat monitor prices desk feed alerts quarantine doctor state schemas"
    assert [name for name in wanted.split() if f" {name} " not in page] == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["topics", "list", "--partitions", "0"], 2, "The setting partitions is 0 cannot be used"),
        (["feed", "--kind", "gossip"], 2, "--kind gossip is none of stockout_risk, stockout"),
        (["mapping", "show", "nobodys"], 2, "No mapping 'nobodys'"),
        (["quarantine", "list", "--reason", "mood"], 2, "--reason mood is none of"),
        (["load", "absent.csv"], 2, "Missing option '--mapping'"),
        (["state", "show", "engine:99", "--redis", "redis://localhost:1/0"], 2, "There is no task engine:99"),
    ],
)
def test_a_wrong_word_is_answered_in_words(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        main(arguments)
    assert ending.value.code == code
    assert said in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("words", ["topics list", "monitor", "prices", "feed"])
def test_a_missing_broker_is_one_sentence_and_no_traceback(words: str) -> None:
    environment = {**os.environ, "DEMAND_ANSWER_SECONDS": "1"}
    command = [sys.executable, "-m", "demand_monitor", *words.split(), "--bootstrap", "127.0.0.1:1"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    first, *rest = done.stderr.splitlines()
    assert first.startswith("Kafka at 127.0.0.1:1 did not answer: ")
    assert rest == ["Next: demand-monitor doctor"]


def test_a_missing_redis_is_one_sentence_that_hides_the_password() -> None:
    command = [sys.executable, "-m", "demand_monitor", "state", "show", "--redis", "redis://:hush@127.0.0.1:1/0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 3
    first, *rest = done.stderr.splitlines()
    assert first.startswith("Redis at redis://:•••@127.0.0.1:1/0 did not answer: ")
    assert "hush" not in done.stderr
    assert rest == ["Next: demand-monitor doctor"]

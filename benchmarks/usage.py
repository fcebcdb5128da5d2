"""CPU and memory of processes, as the kernel counts them: user and system time of all threads, ended ones included.

The one rule: every contestant is measured with the same counter, from outside where it can be had.
"""

from __future__ import annotations

import os
import resource
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return user and system seconds of processes; one that has ended counts nothing."""
    return sum(_cpu_ticks(pid) for pid in pids) / _TICKS_PER_SECOND


def own_cpu_seconds() -> float:
    """Return user and system seconds of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def family(pid: int) -> list[int]:
    """Return a process and its children."""
    children = [int(name) for name in os.listdir("/proc") if name.isdigit() and _parent(int(name)) == pid]
    return [pid, *children]


def peak_megabytes(pids: Iterable[int]) -> float:
    """Return the largest resident memory that any of these processes has had."""
    return max((_peak_kilobytes(pid) for pid in pids), default=0) / 1024


def median(values: Sequence[float], digits: int = 2) -> float:
    """Return the median, rounded."""
    return round(statistics.median(values), digits)


def _fields(pid: int) -> list[str]:
    """Return what stands behind the name in /proc/PID/stat; the name itself may hold blanks and brackets."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu_ticks(pid: int) -> int:
    fields = _fields(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


def _parent(pid: int) -> int:
    fields = _fields(pid)
    return int(fields[1]) if fields else -1


def _peak_kilobytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)

"""Faults on a real Kafka and a real Redis: what happens, what proves that it happened, what it must not change.

The result of every fault is held to the same oracles (`oracle.py`): the market's own facts, counted by a `Counter`,
against units and on-hand in Redis; and a replay of the topics against every forecast, signal, alert and byte of state.

==============================================  ================================================================
fault                                           test, and what proves that it happened
==============================================  ================================================================
SIGKILL at random moments                       test_exact: exit code -9; each task has a new owner in Redis
SIGSTOP past the session time-out, SIGCONT      test_exact: state T in /proc until each task has a new owner;
                                                a zombie's write is refused, as its journal says
commit Kafka, then state (negative control)     test_naive: killed where it says "between"; the oracle finds loss
all brokers down and back                       test_brokers_down: nobody answers, at the begin and at the end
Redis killed and started (append-only file)     test_redis: no answer; every task in doubt
Redis started empty                             test_redis: DBSIZE 0; the task is taken with no field
Redis rolled back some seconds                  test_redis: the marks are the older ones; the commit is a GAP
Redis read-only, NOREPLICAS, out of memory      test_redis: a SET is refused with these words; no mark moves
Redis answers after 1 s                         test_redis: a PING takes a second, a commit too
workers 1 → 3 → 2                               test_scale: shares of tasks by owner in Redis: 3, 1+2, 1+1+1, 1+2
max.poll.interval exceeded by a slow batch      test_slow_batch: the heir owns all; the slow one's commit is refused
coordinator, join, sync, commit, fetch and      test_group_errors: so many more requests of the kind were answered
produce errors; member forgotten                with an error; the tasks are lost and taken again
partition without a leader                      test_group_errors: the leader is deposed; an outage, not a setup error
delivery fails; producer's queue full           test_delivery: the broker is frozen; the reason of the doubt says so
quarantine topic away                           test_quarantine_away: the topic is not listed; no mark moves
100 % poison                                    test_endings: exit code 2, the sentence; nothing quarantined
offset out of range                             test_endings: the log's start lies above the marks; exit code 2
stall                                           test_endings: a tick bounds a record nobody wrote; exit code 3
SIGTERM                                         test_endings: exit code 0 in the grace; what is committed, the drain did
idle partition, idle days                       test_sources: ends of 0; every day closed, every task tells progress
wrong clocks                                    test_sources: quarantined by name, or counted; nobody else is late
price desk killed, Redis rolled back under it   test_price_desk: exit code -9, work left; older marks, exit by Gap
backlog in bounded memory                       test_backlog: all records wait at the start; RSS from /proc
==============================================  ================================================================

Elsewhere, and not repeated here: the next worker finishes a killed one's work with the smallest task
(`test_worker_takeover`), Redis dies under it (`test_worker_outage`), a crash or an outage at each single call of each
port (`tests/unit/test_crash_everywhere`, `test_worker_faults`), two price desks and a fenced one (`test_prices`), a
start beyond the end of the log (`tests/contracts`).

How often and how much stands in `counts.py`: small for `make test`, full for `make soak`.
"""

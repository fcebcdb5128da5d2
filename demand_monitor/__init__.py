"""The front door: the only room that reads argv and the environment, and where adapters fill the ports.

The one rule: it decides nothing about demand; it builds the hosts, runs them, and says in one sentence what went wrong.
"""

import os

# Before anything imports numpy: sums made by several threads come in another order, and would be other bytes.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

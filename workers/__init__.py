"""Stancewire's workers: the language pipeline, the processes that run it, and the code that trains and measures it."""

import os
from typing import Final

# Read by OpenBLAS, OpenMP and MKL when they are loaded, which is after this package: each would start one thread per
# core in every worker process. Parallelism comes from processes; `services.settings` says how many.
THREAD_VARIABLES: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
for _variable in THREAD_VARIABLES:
    os.environ[_variable] = "1"

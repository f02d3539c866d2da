"""One thread for linear algebra, before numpy starts its pool: on a busy machine threads that wait cost most."""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

"""joblib: results in the order in which they were asked for."""

import math

from joblib import Parallel, delayed


def roots() -> list[float]:
    return Parallel(n_jobs=2, prefer="threads")(delayed(math.sqrt)(number) for number in range(20))

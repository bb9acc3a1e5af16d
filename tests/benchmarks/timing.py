"""The one stopwatch of the benchmarks on methods."""

import statistics
import time

REPEATS = 9


def median_ms(work):
    """Median time of a call in milliseconds, after one that imports and fills caches."""
    work()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)

"""Design of experiments: medians of one run.

python tests/benchmarks/bench_doe.py

The comparison of D-optimal designs needs two programs beside qtools; they are no dependencies:
pip install --no-deps --target SOMEWHERE pyoptex==1.2.1 process-improve==2.2.0 numba llvmlite tqdm,
then PYTHONPATH=SOMEWHERE.
"""

import time

import numpy as np
import pandas as pd
from timing import median_ms

import qtools as qt

LETTERS = "ABCDEF"


def fractions():
    """Generation, aliases and blocks of the largest fractions."""

    def aliased():
        return qt.doe.fractional_factorial(11, runs=128).aliases

    def table():
        return qt.doe.fractional_factorial(11, runs=128).alias_table()

    jobs = {
        "2^(11−4) with full aliases (200)": aliased,
        "2^(11−4) with the alias table (200)": table,
        "2^(11−7) with full aliases": lambda: qt.doe.fractional_factorial(11, runs=16).aliases,
        "2^(11−4) in 8 blocks": lambda: qt.doe.fractional_factorial(11, runs=128, blocks=8),
        "2^7 in 8 blocks": lambda: qt.doe.full_factorial(7, blocks=8),
    }
    for name, work in jobs.items():
        print(f"{name}: {median_ms(work):.1f} ms")


def analyses():
    """Lenth's null distribution, and the flagship analysis with all that it shows."""
    from qtools.doe.lenth import simulate

    df = qt.load("ceramic")

    def whole():
        found = qt.doe.analyze(
            df, factors=["速度", "进给", "粒度", "方向", "批"], response="强度", model="full"
        )
        return found.verdict, found.checks, found.table()

    whole()  # the critical values of 31 effects are kept from then on
    jobs = {
        "10⁴ Lenth simulations of 31 effects (1 000)": lambda: simulate(31, 10_000),
        "2⁵ with verdict, caveats and table": whole,
    }
    for name, work in jobs.items():
        print(f"{name}: {median_ms(work):.1f} ms")


def optimal():
    """D-optimal 20 runs × 6 factors, 50 starts, beside pyoptex and process-improve."""
    squares = [f"{name}²" for name in LETTERS]
    models = {"main effects": [], "main effects and squares": squares}
    for title, extra in models.items():

        def ours(extra=extra):
            return qt.doe.d_optimal(6, 20, model=[*LETTERS, *extra], restarts=50)

        matrix = ours().matrix()
        milliseconds, percent = median_ms(ours), d_percent(matrix.x)
        print(f"D-optimal 20×6, {title}, 50 starts: {milliseconds:.0f} ms, D {percent:.2f} %")
        for peer, work in (("pyoptex", by_pyoptex), ("process-improve", by_process_improve)):
            try:
                found = work(bool(extra))
            except ImportError:
                print(f"  {peer} is not here; the docstring says how to install it.")
                continue
            if found is not None:
                seconds, points = found
                percent = d_percent(matrix.at(points).x)
                print(f"  {peer}: {1000 * seconds:.0f} ms, D {percent:.2f} %")


def d_percent(x):
    """D-efficiency in percent."""
    n, p = x.shape
    return 100 * np.exp(np.linalg.slogdet(x.T @ x)[1] / p) / n


def by_pyoptex(squares):
    """Coordinate exchange from 50 starts, compiled code warmed up."""
    from pyoptex.doe.fixed_structure import (
        Factor,
        create_fixed_structure_design,
        create_parameters,
        default_fn,
    )
    from pyoptex.doe.fixed_structure.metric import Dopt
    from pyoptex.utils.model import model2Y2X

    factors = [Factor(name, type="continuous") for name in LETTERS]
    rows = [[0] * 6, *np.eye(6, dtype=int).tolist()]
    rows += (2 * np.eye(6, dtype=int)).tolist() if squares else []
    names = [factor.name for factor in factors]
    to_x = model2Y2X(pd.DataFrame(rows, columns=names), factors)
    parameters = create_parameters(factors, default_fn(factors, Dopt(), to_x), 20)
    create_fixed_structure_design(parameters, n_tries=1)
    start = time.perf_counter()
    design, _ = create_fixed_structure_design(parameters, n_tries=50)
    return time.perf_counter() - start, design[names].to_numpy(dtype=float)


def by_process_improve(squares):
    """Its own exchange; it has main effects, but not main effects with squares alone."""
    if squares:
        return None
    from process_improve.experiments.designs_optimal import dispatch_d_optimal
    from process_improve.experiments.factor import Factor

    factors = [Factor(name=name, type="continuous", low=-1, high=1) for name in LETTERS]
    options = {"budget": 20, "model_type": "main_effects", "backend": "exchange"}
    start = time.perf_counter()
    points, _ = dispatch_d_optimal(factors, **options, random_state=1)
    return time.perf_counter() - start, np.asarray(points, dtype=float)


def main():
    fractions()
    analyses()
    optimal()


if __name__ == "__main__":
    main()

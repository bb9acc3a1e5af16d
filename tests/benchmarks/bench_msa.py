"""Gauge studies and variance components: medians and ratios of one run.

python tests/benchmarks/bench_msa.py

The comparison with capstat-core needs it beside qtools; it is no dependency:
pip install --no-deps --target SOMEWHERE capstat-core==0.4.3, then PYTHONPATH=SOMEWHERE.
"""

import numpy as np
import pandas as pd
from timing import median_ms

import qtools as qt
from qtools.msa.analysis import by_variances
from qtools.msa.study import read_study
from qtools.variance.cells import gather
from qtools.variance.crossed import crossed_anova, pool
from qtools.variance.inversion import inverted_draws
from qtools.variance.mixed import fit_mixed

ROLES = {"part": "零件", "operator": "检验员", "value": "读数"}
COLUMNS = ("零件", "检验员", "读数")
LARGE = (200, 20, 5)


def cube(parts, operators, trials):
    rng = np.random.default_rng(1)
    out = 3 * rng.normal(size=(parts, 1, 1)) + rng.normal(size=(1, operators, 1))
    out = out + 0.2 * rng.normal(size=(parts, operators, 1))
    return out + 0.3 * rng.normal(size=(parts, operators, trials))


def study(parts, operators, trials):
    readings = cube(parts, operators, trials)
    index = np.indices(readings.shape).reshape(3, -1)
    df = pd.DataFrame({"零件": index[0], "检验员": index[1], "读数": readings.ravel()})
    return df.astype({"零件": str, "检验员": str})


def components_from_array(readings):
    """What is estimated before any limits, from readings already in order."""
    anova = crossed_anova(readings)
    return (pool(anova, 2) if anova.p[2] > 0.25 else anova).components


def against_capstat():
    """Point estimates of the large study beside those of capstat-core, from the same data."""
    try:
        import capstat_core
    except ImportError:
        print("capstat-core is not here; the docstring says how to install it.")
        return
    readings, df = cube(*LARGE), study(*LARGE)

    def to_array():  # what its caller has to do with a long table
        parts, operators = (pd.factorize(df[name])[0] for name in COLUMNS[:2])
        return df["读数"].to_numpy()[np.lexsort((operators, parts))].reshape(LARGE)

    pairs = {
        "from an array": (
            lambda: components_from_array(readings),
            lambda: capstat_core.gage_rr(readings),
        ),
        "from a long table": (
            lambda: by_variances(read_study(df, *COLUMNS), 0.25),
            lambda: capstat_core.gage_rr(to_array()),
        ),
    }
    theirs = capstat_core.gage_rr(readings)
    ours = qt.msa.gage_rr(df, **ROLES)
    assert np.isclose(ours.pct_study_var, theirs.pct_study_var_gage_rr, rtol=1e-9)
    for name, (own, other) in pairs.items():
        mine, peer = median_ms(own), median_ms(other)
        print(
            f"point estimates of 200×20×5 {name}: {mine:.2f} ms, capstat-core {peer:.2f} ms, "
            f"ratio {mine / peer:.2f} (3)"
        )


def replicates():
    """A thousand replicates of the parametric bootstrap for the large study."""
    part, operator, _ = (axis.ravel() for axis in np.indices(LARGE))
    y = cube(*LARGE).ravel()
    for name, lost in (("whole", 0), ("less 8 readings", 8)):
        kept = np.random.default_rng(2).permutation(y.size) >= lost
        sources = [part[kept], operator[kept], (part * LARGE[1] + operator)[kept]]
        model = fit_mixed(gather(y[kept], sources))
        milliseconds = median_ms(lambda model=model: inverted_draws(model, 1000))
        print(f"1 000 bootstrap replicates of 200×20×5, {name}: {milliseconds:.0f} ms (500)")


def main():
    small, large = study(10, 3, 3), study(*LARGE)
    levels = {"value": "膜厚", "levels": ["炉次", "炉区"]}
    furnace = qt.load("furnace")
    jobs = {
        "gage_rr 10×3×3 with intervals": lambda: qt.msa.gage_rr(small, **ROLES).metrics(),
        "gage_rr 10×3×3 less 5 readings (REML) with intervals": lambda: qt.msa.gage_rr(
            small[5:], **ROLES
        ).metrics(),
        "gage_rr 200×20×5 with intervals": lambda: qt.msa.gage_rr(large, **ROLES).metrics(),
        "gage_rr 200×20×5 less 5 readings (REML) with intervals": lambda: qt.msa.gage_rr(
            large[5:], **ROLES
        ).metrics(),
        "gage_rr 200×20×5, ranges": lambda: qt.msa.gage_rr(
            large, **ROLES, method="range"
        ).metrics(),
        "components of FURNACE, EMS": lambda: qt.variance_components(furnace, **levels),
        "components of FURNACE, REML": lambda: qt.variance_components(
            furnace, **levels, method="reml"
        ),
        "components of FURNACE less one row, REML crossed": lambda: qt.variance_components(
            furnace.iloc[1:], **levels, design="crossed", method="reml"
        ),
    }
    against_capstat()
    replicates()
    for name, work in jobs.items():
        print(f"{name}: {median_ms(work):.1f} ms")


if __name__ == "__main__":
    main()

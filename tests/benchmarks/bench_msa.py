"""Gauge studies and variance components: medians of one run.

python tests/benchmarks/bench_msa.py
"""

import numpy as np
import pandas as pd
from timing import median_ms

import qtools as qt


def study(parts, operators, trials):
    rng = np.random.default_rng(1)
    shape = (parts, operators, trials)
    cube = 3 * rng.normal(size=(parts, 1, 1)) + rng.normal(size=(1, operators, 1))
    cube = cube + 0.3 * rng.normal(size=shape)
    index = np.indices(shape).reshape(3, -1)
    df = pd.DataFrame({"零件": index[0], "检验员": index[1], "读数": cube.ravel()})
    return df.astype({"零件": str, "检验员": str})


def main():
    roles = {"part": "零件", "operator": "检验员", "value": "读数"}
    small, large = study(10, 3, 3), study(200, 20, 5)
    levels = {"value": "膜厚", "levels": ["炉次", "炉区"]}
    furnace = qt.load("furnace")
    jobs = {
        "gage_rr 10×3×3, ANOVA": lambda: qt.msa.gage_rr(small, **roles).metrics(),
        "gage_rr 200×20×5, ANOVA": lambda: qt.msa.gage_rr(large, **roles).metrics(),
        "gage_rr 200×20×5, ranges": lambda: qt.msa.gage_rr(
            large, **roles, method="range"
        ).metrics(),
        "components of FURNACE, EMS": lambda: qt.variance_components(furnace, **levels),
        "components of FURNACE, REML": lambda: qt.variance_components(
            furnace, **levels, method="reml"
        ),
        "components of FURNACE less one row, REML crossed": lambda: qt.variance_components(
            furnace.iloc[1:], **levels, design="crossed", method="reml"
        ),
    }
    for name, work in jobs.items():
        print(f"{name}: {median_ms(work):.1f} ms")


if __name__ == "__main__":
    main()

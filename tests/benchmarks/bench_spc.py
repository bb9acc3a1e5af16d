"""Limits and eight rules on a million values: medians of one run.

python tests/benchmarks/bench_spc.py
"""

import numpy as np
import pandas as pd
from timing import median_ms

from qtools import sigma, spc

N = 1_000_000


def main():
    x = np.random.default_rng(1).normal(100, 2, N)
    df = pd.DataFrame({"值": x, "组": np.repeat(np.arange(N // 5), 5)})
    codes = df["组"].to_numpy()
    rules = spc.RULE_SETS["nelson"].rules
    z = (x - x.mean()) / 2
    jobs = {
        "eight rules, 10⁶ points": lambda: spc.evaluate(z, rules),
        "I-MR with rules and counts, 10⁶ values": lambda: spc.imr_chart(df, value="值").metrics(),
        "X̄-S with rules and counts, 200 000 × 5": lambda: spc.xbar_s_chart(
            df, value="值", subgroup="组"
        ).metrics(),
        "s̄/c₄, 200 000 × 5": lambda: sigma.from_standard_deviations(x, codes),
        "R̄/d₂, 200 000 × 5": lambda: sigma.from_ranges(x, codes),
    }
    for name, work in jobs.items():
        print(f"{median_ms(work):8.1f} ms  {name}")


if __name__ == "__main__":
    main()

"""Design of experiments: medians of one run.

python tests/benchmarks/bench_doe.py
"""

from timing import median_ms

import qtools as qt


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


def main():
    fractions()
    analyses()


if __name__ == "__main__":
    main()

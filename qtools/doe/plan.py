"""试验计划 Candidate designs for a budget, side by side, before there are any data.

For two-level factors: the full factorial, regular fractions, Plackett–Burman, definitive screening,
a D-optimal and a uniform design, as far as the budget goes; with more levels, full factorial and
D-optimal. Each is judged by the chance to see the smallest effect that matters, with the interval
that a rough σ gives it, by what it can tell apart, and by its price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from qtools import frames
from qtools.doe.design import Design
from qtools.doe.efficiency import rank
from qtools.doe.factor import Factor, Setting, read_factors
from qtools.doe.factorial import fractional_factorial, full_factorial
from qtools.doe.making import whole
from qtools.doe.optimal import d_optimal
from qtools.doe.plan_result import Candidate, Plan
from qtools.doe.power import power
from qtools.doe.power_result import Power
from qtools.doe.screening import definitive_screening, plackett_burman
from qtools.doe.terms import ModelMatrix
from qtools.doe.uniform import uniform_design
from qtools.errors import QualityDataError

_MOST_FACTORS, _MOST_RUNS = 11, 128
_BLEND = 1e-9  # alias coefficients below count as 0


def plan_experiment(
    factors: Sequence[str] | Sequence[Factor] | Mapping[str, Sequence[Setting]],
    *,
    effect: float,
    sd: float,
    budget: int,
    sd_df: float | None = None,
    cost: float = 1.0,
    worth: float | None = None,
    clear: bool = True,
    alpha: float = 0.05,
    target: float = 0.9,
    confidence: float = 0.9,
    seed: int = 1,
) -> Plan:
    """试验计划 Which design to run within a budget, and what power the money buys.

    The cheapest design whose power for main effects reaches the target is chosen; with ``clear``,
    among those whose main effects are not mixed up with two-factor interactions.

    Parameters
    ----------
    factors
        Names with settings: ``["温度=160/180", …]`` or ``{"温度": (160, 180)}``; 2 to 11.
    effect : float
        Smallest difference between two settings that is worth finding.
    sd : float
        Standard deviation of a single run.
    budget : int
        Most runs, up to 128.
    sd_df : float, optional
        Degrees of freedom behind ``sd``.
    cost : float
        Of one run.
    worth : float, optional
        What it is worth, in the unit of ``cost``, to find the effect if it is there.
    clear : bool
        Whether main effects must be clear of two-factor interactions.
    alpha, target, confidence
        As for :func:`qtools.doe.power`.
    seed : int
        Of the random order.

    Returns
    -------
    Plan

    Raises
    ------
    QualityDataError
        If no design fits the budget, or an option is out of range.

    References
    ----------
    Box, Hunter & Hunter (2005), *Statistics for Experimenters*, 2nd ed., ch. 5-7; Coleman &
    Montgomery (1993), Technometrics 35, 1-12 (planning sheets).

    Examples
    --------
    >>> plan = plan_experiment(["温度=160/180", "压力=1/2", "时间=5/9"], effect=4, sd=2, budget=16)
    >>> plan.best.design.n_runs, round(plan.best.power, 3)
    (16, 0.956)
    """
    found = read_factors(factors)
    whole("因子个数", len(found), least=2, most=_MOST_FACTORS)
    whole("预算（试验次数）budget", budget, least=3, most=_MOST_RUNS)
    for what, value in (("每次试验的费用 cost", cost), ("找到了值多少 worth", worth)):
        if value is not None and not (frames.is_number(value) and 0 < value < np.inf):
            raise QualityDataError(f"{what} = {value!r} 不对。", hint="它要是大于 0 的数。")
    options = {
        "effect": effect, "sd": sd, "sd_df": sd_df, "alpha": alpha, "target": target,
        "confidence": confidence,
    }  # fmt: skip
    power(8, **options)  # type: ignore[arg-type]  # refuses options before any design is made
    rows = []
    for name, design in _candidates(found, budget, seed):
        judged: Power | None = None
        x = design.matrix("main").x
        if design.n_runs > x.shape[1] == rank(x):
            judged = power(design, model="main", **options)  # type: ignore[arg-type]
        rows.append(Candidate(name, design, judged, _clarity(design), cost * design.n_runs))
    if not rows:
        raise QualityDataError(
            f"{budget} 次试验的预算，{len(found)} 个因子的哪一种设计都做不了。",
            hint=f"至少要 {len(found) + 2} 次；或先减少因子。",
        )
    rows.sort(key=lambda row: (row.design.n_runs, -row.clarity))
    return Plan(
        tuple(found), tuple(rows), float(effect), float(sd), sd_df, budget, float(cost),
        worth, clear, alpha, target, confidence, seed,
    )  # fmt: skip


def _candidates(
    factors: tuple[Factor, ...], budget: int, seed: int
) -> Iterator[tuple[str, Design]]:
    k = len(factors)
    sizes = [len(factor.levels) for factor in factors]
    full = int(np.prod(sizes))
    for times in range(1, max(budget // full, 0) + 1):
        name = "全因子" + (f"，重复 {times} 遍" if times > 1 else "")
        yield name, full_factorial(factors, replicates=times, seed=seed)
    if all(size == 2 for size in sizes):
        for runs in (4, 8, 16, 32, 64, 128):
            if k < runs < full and runs <= budget:
                design = _tried(lambda n=runs: fractional_factorial(factors, runs=n, seed=seed))  # type: ignore[misc]
                if design is not None:
                    yield "部分因子", design
        for runs in (12, 20, 24):
            if k < runs <= budget:
                design = _tried(lambda n=runs: plackett_burman(factors, runs=n, seed=seed))  # type: ignore[misc]
                if design is not None:
                    yield "Plackett–Burman", design
        if k >= 3 and all(factor.continuous for factor in factors):
            design = _tried(lambda: definitive_screening(factors, seed=seed))
            if design is not None and design.n_runs <= budget:
                yield "确定性筛选（DSD）", design
            if k + 2 <= budget:
                yield "均匀设计", uniform_design(factors, min(budget, 2 * k + 1), seed=seed)
    width = ModelMatrix(factors, tuple((i,) for i in range(k)), np.zeros((1, k))).x.shape[1]
    if budget > width:
        yield "D-最优（主效应）", d_optimal(factors, budget, model="main", restarts=20, seed=seed)


def _tried(make: Callable[[], Design]) -> Design | None:
    """A design where there is one of that size."""
    try:
        return make()
    except QualityDataError:
        return None


def _clarity(design: Design) -> int:
    """0: main effects mixed with interactions; 1: clear of them; 2: interactions apart, too."""
    main = design.matrix("main").x
    if rank(main) < main.shape[1]:
        return 0
    if np.abs(design.alias_matrix("main").to_numpy()).max() > _BLEND:
        return 0
    x = design.matrix("interactions").x
    return 1 + int(len(x) >= x.shape[1] and rank(x) == x.shape[1])

"""功效的布局 Balanced layouts that are told by a number of runs: what exists, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qtools.doe import catalogue
from qtools.doe.making import whole
from qtools.doe.power_parts import Term
from qtools.errors import QualityDataError

_KINDS = ("two-level", "one-way")
_MOST_FULL = 10  # factors whose full factorial is still a plan


def layout(
    runs: int | Sequence[int],
    kind: str,
    factors: int,
    levels: int,
    model: str | int | Sequence[str] | None,
) -> tuple[int, int, list[Term]]:
    """Runs, residual degrees of freedom and the term of a balanced layout."""
    if kind not in _KINDS:
        raise QualityDataError(
            f"kind={kind!r} 不认识。", hint=f"可写：{'、'.join(_KINDS)}；别的设计请把设计传进来。"
        )
    if kind == "one-way":
        return _one_way(runs, levels)
    n = whole("试验次数 runs", runs, least=2)
    whole("因子个数 factors", factors, least=1)
    terms, step = _count_terms(factors, model), step_of(factors, model)
    if n % step:
        raise QualityDataError(
            f"{n} 次试验没有与模型正交的二水平设计，只给次数算不准功效。",
            hint=f"{factors} 个因子、这个模型，次数要是 {step} 的倍数；"
            "别的次数，请先造设计，再把设计传进来。",
        )
    return n, n - 1 - terms, [Term("每个效应", 1, 4 / n)]


def step_of(factors: int, model: str | int | Sequence[str] | None) -> int:
    """Runs of the smallest two-level design here in which all terms are orthogonal."""
    order = _order(factors, model)
    if order == 1:
        return 2 if factors == 1 else 4
    for runs, reached in catalogue.sizes(factors).items():
        if reached is None or reached > 2 * order:
            return runs
    if factors > _MOST_FULL:
        raise QualityDataError(
            f"{factors} 个因子的交互模型，表里没有正交设计，只给因子个数算不准功效。",
            hint="请先造设计（部分析因、D 最优），再把设计传给 power；或只看主效应。",
        )
    return 1 << factors


def _one_way(runs: int | Sequence[int], levels: int) -> tuple[int, int, list[Term]]:
    if isinstance(runs, Sequence):
        sizes = [whole("每个水平的次数", n, least=1) for n in runs]
        if len(sizes) < 2:
            raise QualityDataError("只有一个水平，没有差别可找。", hint="至少写两个水平的次数。")
    else:
        k = whole("水平个数 levels", levels, least=2)
        n = whole("试验次数 runs", runs, least=k)
        if n % k:
            raise QualityDataError(
                f"{n} 次试验不能平分给 {k} 个水平。", hint="请写各水平的次数，例如 [5, 5, 6]。"
            )
        sizes = [n // k] * k
    small = sorted(sizes)[:2]
    name = f"{len(sizes)} 个水平之间"
    return (
        sum(sizes),
        sum(sizes) - len(sizes),
        [Term(name, len(sizes) - 1, sum(1 / n for n in small))],
    )


def _count_terms(factors: int, model: str | int | Sequence[str] | None) -> int:
    order = _order(factors, model)
    return sum(math.comb(factors, size) for size in range(1, order + 1))


def _order(factors: int, model: str | int | Sequence[str] | None) -> int:
    """Highest order of the terms of a model that is told by a word or a number."""
    if isinstance(model, str) and model in ("main", "interactions", "full"):
        model = {"main": 1, "interactions": 2, "full": factors}[model]
    if model is None:
        model = 1
    if isinstance(model, bool) or not isinstance(model, int) or not 1 <= model <= max(factors, 2):
        raise QualityDataError(
            f"model={model!r} 不对。",
            hint="只给次数时，可写 main、interactions、full 或交互的阶数。",
        )
    return min(model, factors)

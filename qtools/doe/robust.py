"""合并表 Control and noise factors in one model: their interactions are the robustness."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.doe.estimable import says_more
from qtools.doe.factor import Factor
from qtools.doe.fit import Fit, fit
from qtools.doe.reading import read_experiment
from qtools.doe.robust_result import RobustModel
from qtools.doe.terms import ModelMatrix, Term, read_terms
from qtools.errors import QualityDataError
from qtools.estimate import t_p
from qtools.result import Check

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Matrix = npt.NDArray[np.float64]

_RARE = 0.01  # chance of such an outlier among all runs


def robust_model(
    df: pd.DataFrame,
    *,
    factors: Sequence[str],
    noise: Sequence[str],
    response: str,
    target: float | None = None,
    interactions: Sequence[str] = (),
    confidence: float = 0.95,
) -> RobustModel:
    """合并模型 Control and noise factors with every control × noise and noise × noise interaction.

    A control factor that interacts with a noise factor can be set where the noise does less. The
    variance at a setting of the control factors is that of the fitted values over the corners of
    the noise factors (levels ±1 are ± one standard deviation, equally likely and independent)
    plus the residual variance: the response-model approach. A control factor in numbers with three
    settings or more may bend: its square is in the model where the runs can tell it; where they
    cannot, a caveat says that it is taken for a straight line.

    Parameters
    ----------
    df : DataFrame
        One row a run: a crossed array or a combined one.
    factors, noise : sequence of str
        Control and noise factors in numbers or texts; texts need two settings, and noise factors
        in numbers are straight lines.
    response : str
    target : float, optional
        The expected squared deviation from it is compared; without it the spread alone.
    interactions : sequence of str
        Interactions of control factors to be fitted besides.
    confidence : float

    Raises
    ------
    QualityDataError
        If a factor is both, has three settings of texts, or the model cannot be estimated or
        leaves no error.

    References
    ----------
    Welch, Yu, Kang & Sacks (1990), J. Qual. Technol. 22, 15-22; Shoemaker, Tsui & Wu (1991),
    Technometrics 33, 415-427; Myers, Khuri & Vining (1992), Amer. Statist. 46, 131-139.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [(a, n, 10 + 2 * a + (3 - 2 * a) * n + e) for a in (-1, 1) for n in (-1, 1)
    ...         for e in (-0.1, 0.1)]
    >>> found = robust_model(pd.DataFrame(rows, columns=["甲", "噪", "y"]), factors=["甲"],
    ...                      noise=["噪"], response="y")
    >>> [round(pair.value, 4) for pair in found.pairs]
    [-2.0]
    """
    frames.require_confidence(confidence)
    if isinstance(noise, str) or not noise:
        raise QualityDataError(
            "没有写明噪声因子的列。",
            hint="合并模型要有噪声因子；没有外表的数据用 signal_to_noise。",
        )
    both = [name for name in noise if name in factors]
    if both:
        raise QualityDataError(
            f"“{'、'.join(both)}”既写作可控因子，又写作噪声因子。", hint="只能是其中一种。"
        )
    data = read_experiment(df, factors=[*factors, *noise], response=response)
    many = [f.name for f in data.factors if not f.continuous and len(f.levels) > 2]
    if many:
        raise QualityDataError(
            f"合并模型里，“{'、'.join(many)}”有三个以上的文字水平，用不了。",
            hint="有次序的量请写成数字；分类的多水平因子请用 signal_to_noise。",
        )
    k = len(factors)
    names = data.names
    pairs = [f"{control}×{disturbing}" for disturbing in names[k:] for control in names[:k]]
    pairs += [f"{one}×{two}" for one, two in combinations(names[k:], 2)]
    terms = read_terms([*names, *pairs, *interactions], data.factors)
    terms, straight = _bend(data.factors, k, terms, data.points)
    found = fit(ModelMatrix(data.factors, terms, data.points), data.y)
    if not found.s:
        raise QualityDataError(
            "合并模型拟合以后没有剩下误差，分不清效应和波动。",
            hint="少放几项，或加做试验。",
        )
    if target is not None and not (frames.is_number(target) and np.isfinite(target)):
        raise QualityDataError(f"目标值 {target!r} 不是数。", hint="写一个数。")
    notes = (*data.checks, *_straight(straight), *_outlier(found, data.rows))
    return RobustModel(response, found, k, target, confidence, notes)


def _bend(
    factors: tuple[Factor, ...], k: int, terms: tuple[Term, ...], points: Matrix
) -> tuple[tuple[Term, ...], tuple[str, ...]]:
    """Terms with squares of control factors that may bend, and names of those left straight."""
    straight: list[str] = []
    for place in range(k):
        square = (place, place)
        settings = len(np.unique(np.round(points[:, place], 9)))
        if square in terms or not factors[place].continuous or settings < 3:
            continue
        x = ModelMatrix(factors, terms, points).x
        if x.shape[1] + 1 < len(points) and says_more(x, points[:, place] ** 2):
            terms = (*terms, square)
        else:
            straight.append(factors[place].name)
    return terms, tuple(straight)


def _straight(names: tuple[str, ...]) -> tuple[Check, ...]:
    if not names:
        return ()
    text = (
        f"{'、'.join(names)}有三个以上的设置，可是这些试验估计不了它的弯曲，只按直线拟合："
        "真有弯曲时，中间设置的预测会偏，选出的组合可能是错的。"
    )
    return (Check("robust-model.straight", text),)


def _outlier(found: Fit, rows: Sequence[int]) -> tuple[Check, ...]:
    """The run whose deleted residual is too large even for the largest of all (Bonferroni)."""
    own = found.studentized
    if own is None or found.df < 2:
        return ()
    place = int(np.abs(own).argmax())
    rest = max(found.df - float(own[place]) ** 2, 1e-12)
    deleted = float(own[place]) * ((found.df - 1) / rest) ** 0.5
    if t_p(deleted, found.df - 1) * found.n > _RARE:
        return ()
    text = (
        f"第 {rows[place]} 行的读数 {found.y[place]:g} "
        f"与模型相差 {abs(found.residuals[place]):.3g}，"
        "比波动大得多；它一个就能改变结论，先核对原始记录。"
    )
    return (Check("robust-model.outlier", text),)

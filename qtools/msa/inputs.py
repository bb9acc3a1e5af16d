"""输入量 What is known of each input quantity: estimate, standard uncertainty, distribution, df.

The same inputs serve the law of propagation and the Monte Carlo method. An expanded uncertainty
of a certificate is divided by its k before it comes here; half-widths are divided by the divisor
of their distribution (:data:`SHAPES`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Vector = npt.NDArray[np.float64]

Model = Callable[..., Any]  # of the inputs by keyword; floats and arrays alike
Shape = Literal["normal", "uniform", "triangular", "arcsine"]
# Chinese name; half-width divided by this is the standard uncertainty (no bounds: None)
SHAPES: Mapping[Shape, tuple[str, float | None]] = {
    "normal": ("正态", None),
    "uniform": ("均匀", 3**0.5),
    "triangular": ("三角", 6**0.5),
    "arcsine": ("反正弦", 2**0.5),
}
# How a budget table may state an uncertainty: its word → distribution, and what to divide by
STATED: Mapping[str, tuple[Shape, float]] = {
    "正态": ("normal", 1.0),
    "正态（k=2）": ("normal", 2.0),
    "正态（k=3）": ("normal", 3.0),
    "均匀": ("uniform", 3**0.5),
    "三角": ("triangular", 6**0.5),
    "反正弦": ("arcsine", 2**0.5),
}


INFINITY = ("∞", "+∞", "无穷", "无穷大", "inf", "infinity")


@dataclass(frozen=True, slots=True)
class Input:
    """输入量 One input quantity of a measurement model.

    Use the constructors :meth:`normal`, :meth:`bounded` and :meth:`from_readings`.

    Parameters
    ----------
    estimate : float
        Best estimate xᵢ, in the unit of the input.
    u : float
        Standard uncertainty u(xᵢ), above 0.
    shape : {"normal", "uniform", "triangular", "arcsine"}
        Distribution; normal with finite ``df`` is drawn as a scaled and shifted t in a Monte
        Carlo run (JCGM 101:2008, 6.4.9).
    df : float
        Degrees of freedom of ``u``; infinite where it is taken as known.

    Raises
    ------
    QualityDataError
        If a number is not finite, ``u`` or ``df`` is not positive, or the shape is unknown.
    """

    estimate: float
    u: float
    shape: Shape = "normal"
    df: float = float("inf")

    def __post_init__(self) -> None:
        numbers = {"估计值": self.estimate, "标准不确定度": self.u}
        for name, value in numbers.items():
            if not frames.is_number(value) or not np.isfinite(value):
                raise QualityDataError(
                    f"{name} {value!r} 不是有限的数。", hint="请填一个数，不带单位。"
                )
        if self.u <= 0:
            raise QualityDataError(
                f"标准不确定度 {self.u!r} 不对：它必须大于 0。",
                hint="确实没有不确定度的量是常数，直接写进模型。",
            )
        if self.shape not in get_args(Shape):
            choices = "、".join(f'"{key}"（{name}）' for key, (name, _) in SHAPES.items())
            raise QualityDataError(f"分布 {self.shape!r} 不认识。", hint=f"可选：{choices}。")
        if not (frames.is_number(self.df) and self.df >= 1):
            raise QualityDataError(
                f"自由度 {self.df!r} 不对：它至少是 1。", hint="不知道就不填，按无穷大处理。"
            )

    @classmethod
    def normal(cls, estimate: float, u: float, df: float = float("inf")) -> Input:
        """正态 Normal, or t with finite df; a certificate's U with k is ``normal(x, U / k)``.

        Examples
        --------
        >>> Input.normal(-1.0, 1.5 / 2).u
        0.75
        """
        return cls(estimate, u, "normal", df)

    @classmethod
    def bounded(
        cls,
        estimate: float,
        half_width: float,
        shape: Shape = "uniform",
        df: float = float("inf"),
    ) -> Input:
        """有界 Known to lie within ± a half-width: uniform, triangular, or arcsine (U-shaped).

        Examples
        --------
        >>> round(Input.bounded(0, 0.5).u, 4), round(Input.bounded(0, 1, "arcsine").u, 4)
        (0.2887, 0.7071)
        """
        divisor = SHAPES.get(shape, ("", 1.0))[1]
        if divisor is None:
            raise QualityDataError("正态分布没有半宽。", hint="请用 Input.normal(估计值, 标准差)。")
        if not (frames.is_number(half_width) and 0 < half_width < np.inf):
            raise QualityDataError(f"半宽 {half_width!r} 不对：它必须是大于 0 的数。")
        return cls(estimate, half_width / divisor, shape, df)

    @classmethod
    def from_readings(cls, readings: Sequence[float] | pd.Series[Any]) -> Input:
        """A 类评定 Mean of independent readings, u = s/√n with n − 1 degrees of freedom.

        Source: JCGM 100:2008, 4.2; JCGM 101:2008, 6.4.9.

        Examples
        --------
        >>> found = Input.from_readings([10.1, 10.3, 9.9, 10.2, 10.0])
        >>> round(found.estimate, 2), round(found.u, 4), found.df
        (10.1, 0.0707, 4)
        """
        values = np.asarray(readings, dtype=np.float64)
        if values.ndim != 1 or values.size < 2 or not np.isfinite(values).all():
            raise QualityDataError(
                "A 类评定至少要两个有限的读数。", hint="缺的读数请先删去；只有一个数就用 B 类评定。"
            )
        centred = values - values[0]
        spread = float(centred.std(ddof=1))
        if spread == 0:
            raise QualityDataError(
                f"{values.size} 个读数完全一样，A 类评定给出 0，这不可信。",
                hint="多半是分辨力不够：请用分辨力的半宽作 B 类评定（Input.bounded）。",
            )
        mean = float(values[0] + centred.mean())
        return cls(mean, spread / values.size**0.5, "normal", values.size - 1)

    @property
    def name(self) -> str:
        """Distribution in Chinese, as tables show it."""
        if self.shape == "normal" and np.isfinite(self.df):
            return f"t（ν = {self.df:g}）"
        return SHAPES[self.shape][0]

    def quantile(self, p: Vector) -> Vector:
        """Quantiles of the distribution, for probabilities inside (0, 1)."""
        from scipy.special import ndtri, stdtrit

        if self.shape == "normal":
            unit = ndtri(p) if np.isinf(self.df) else stdtrit(self.df, p)
        elif self.shape == "uniform":
            unit = 3**0.5 * (2 * p - 1)
        elif self.shape == "triangular":
            tail = np.minimum(p, 1 - p)
            unit = 6**0.5 * np.where(p < 0.5, np.sqrt(2 * tail) - 1, 1 - np.sqrt(2 * tail))
        else:
            unit = -(2**0.5) * np.cos(np.pi * p)
        return np.asarray(self.estimate + self.u * unit)

    def draw(self, rng: np.random.Generator, size: int) -> Vector:
        """Independent random values of the distribution."""
        if self.shape != "normal":
            return self.quantile(rng.random(size))
        finite = np.isfinite(self.df)
        unit = rng.standard_t(self.df, size) if finite else rng.standard_normal(size)
        return np.asarray(self.estimate + self.u * unit)


def read_budget(
    df: pd.DataFrame,
    *,
    name: str,
    estimate: str,
    stated: str,
    distribution: str,
    dof: str | None = None,
    sensitivity: str | None = None,
) -> tuple[Model, dict[str, Input]]:
    """读预算表 Model and inputs of a budget table: y = Σ cᵢ·xᵢ, one row an input.

    Parameters
    ----------
    df : pandas.DataFrame
        One row an input quantity.
    name, estimate : str
        Columns of its name and estimate.
    stated, distribution : str
        Columns of the uncertainty as stated and of the word that says what it is: 正态 (standard
        uncertainty), 正态（k=2）, 正态（k=3） (expanded), 均匀, 三角, 反正弦 (half-width).
    dof : str, optional
        Column of degrees of freedom; blank cells are infinite, as are ∞, 无穷大 and inf.
    sensitivity : str, optional
        Column of cᵢ; blank cells are 1.

    Returns
    -------
    model : callable
        Linear function of the inputs by keyword.
    inputs : dict of str to Input

    Raises
    ------
    QualityDataError
        If columns or cells cannot be used, a name comes twice, or a word is unknown.

    Examples
    --------
    >>> import qtools as qt
    >>> model, inputs = read_budget(qt.load("micrometer-budget"), name="输入量", estimate="估计值",
    ...     stated="给出的值", distribution="分布", dof="自由度", sensitivity="灵敏系数")
    >>> round(inputs["示值校准"].u, 3), inputs["示值校准"].name
    (0.75, '正态')
    """
    optional = [column for column in (dof, sensitivity) if column is not None]
    frames.require_columns(df, [name, estimate, stated, distribution, *optional])
    placed, names = frames.codes(df, name)
    twice = np.flatnonzero(np.bincount(placed) > 1)
    if twice.size:
        rows = np.flatnonzero(placed == twice[0])
        raise QualityDataError(
            f"{frames.source(df)}列“{name}”里“{names[twice[0]]}”出现了 {rows.size} 次。",
            hint="每个输入量只占一行；同名的请改名，或先合并。",
            rows=frames.row_numbers(df, rows),
        )
    estimates, widths = frames.numbers(df, estimate), frames.numbers(df, stated)
    _refuse(df, stated, widths <= 0, "必须大于 0", "没有不确定度的量是常数，请删去这一行。")
    kinds, words = frames.codes(df, distribution)
    known = {frames.plain(word): meaning for word, meaning in STATED.items()}
    bad = np.array([frames.plain(word) not in known for word in words])[kinds]
    _refuse(df, distribution, bad, "不认识", f"可选：{'、'.join(STATED)}。")
    degrees = np.full(len(df), np.inf)
    if dof is not None:
        degrees = frames.numbers(_without_infinity(df, dof), dof, blank=np.inf)
        _refuse(df, dof, degrees < 1, "至少是 1", "不知道就空着，按无穷大处理。")
    factors = np.ones(len(df))
    if sensitivity is not None:
        factors = frames.numbers(df, sensitivity, blank=1.0)
    inputs = {}
    for place, label in enumerate(names):
        shape, divisor = known[frames.plain(words[kinds[place]])]
        u = float(widths[place]) / divisor
        inputs[label] = Input(float(estimates[place]), u, shape, float(degrees[place]))
    weights = dict(zip(names, map(float, factors), strict=True))
    return lambda **x: sum(weights[key] * value for key, value in x.items()), inputs


def _without_infinity(df: pd.DataFrame, column: str) -> pd.DataFrame:
    """Table in which the ways to write ∞ in a column are blank cells."""
    endless = [
        cell == np.inf if frames.is_number(cell) else frames.plain(str(cell)) in INFINITY
        for cell in df[column]
    ]
    return df.assign(**{column: df[column].mask(np.array(endless, dtype=bool))})


def _refuse(df: pd.DataFrame, column: str, bad: npt.NDArray[np.bool_], why: str, hint: str) -> None:
    """Refuse the cells of a column that are marked, showing the first."""
    at = np.flatnonzero(bad)
    if at.size:
        raise QualityDataError(
            f"{frames.source(df)}列“{column}”里的“{df[column].iloc[at[0]]}”不对：{why}。",
            hint=hint,
            rows=frames.row_numbers(df, at),
        )

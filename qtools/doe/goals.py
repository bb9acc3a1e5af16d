"""目标与界限 What is wanted of a response: limits to keep, and where it is fully satisfying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Vector = npt.NDArray[np.float64]

_NOTHING = ("", "无", "没有", "none", "nan", "-", "—", "/")


@dataclass(frozen=True, slots=True)
class Goal:
    """目标 Limits of a response and where its desirability is 1 (Derringer & Suich 1980).

    Parameters
    ----------
    lower, upper : float or None
        Limits: beyond them the response is of no use (d = 0). None: no limit on that side.
    target : float or None
        Where d = 1. With a lower limit only, everything above it is as good (望大); with an upper
        limit only, everything below (望小); with both, d falls to either side (望目). Without a
        target, d is 1 within the limits.
    s, t : float
        Exponents below and above the target: 1 is a straight line, more is stricter.
    importance : float
        Weight of the response in the overall desirability.

    Raises
    ------
    QualityDataError
        If there is no limit, limits and target are not in order, or a weight is not positive.

    Examples
    --------
    >>> wear = Goal(lower=120, target=170)
    >>> wear.kind, wear.desirability([110, 120, 145, 170, 200]).tolist()
    ('望大', [0.0, 0.0, 0.5, 1.0, 1.0])
    """

    lower: float | None = None
    target: float | None = None
    upper: float | None = None
    s: float = 1.0
    t: float = 1.0
    importance: float = 1.0

    def __post_init__(self) -> None:
        """Check that limits and weights make sense together."""
        given = [value for value in (self.lower, self.target, self.upper) if value is not None]
        if self.lower is None and self.upper is None:
            raise QualityDataError(
                "目标没有界限：下限和上限至少写一个。",
                hint="望大写下限，望小写上限，望目两个都写。",
            )
        if not np.isfinite(given).all() or sorted(set(given)) != given:
            raise QualityDataError(
                f"目标的界限 {'、'.join(f'{value:g}' for value in given)} 没有从小到大。",
                hint="要 下限 < 目标值 < 上限，没有的那一项写“无”。",
            )
        weights = (self.s, self.t, self.importance)
        if not all(np.isfinite(value) and value > 0 for value in weights):
            raise QualityDataError(
                f"指数或重要性 {weights} 里有不是正数的。", hint="一般写 1；更要紧的写 2、3。"
            )

    @property
    def kind(self) -> str:
        """望大, 望小, 望目 or 在界限内."""
        if self.target is None:
            return "在界限内"
        if self.upper is None:
            return "望大"
        return "望小" if self.lower is None else "望目"

    @property
    def text(self) -> str:
        """The goal in words."""
        limits = [f"不低于 {self.lower:g}"] if self.lower is not None else []
        limits += [f"不高于 {self.upper:g}"] if self.upper is not None else []
        target = "" if self.target is None else f"，{self.target:g} 最好"
        beyond = {"望大": "以上都好", "望小": "以下都好"}.get(self.kind)
        if beyond:
            target = f"，{self.target:g} {beyond}"
        return "、".join(limits) + target

    def desirability(self, y: Vector | Sequence[float]) -> Vector:
        """意愿值 d of responses, from 0 (of no use) to 1."""
        y = np.asarray(y, dtype=np.float64)
        d = np.ones_like(y)
        if self.target is not None:
            if self.lower is not None:
                rise = np.clip((y - self.lower) / (self.target - self.lower), 0.0, 1.0)
                d = np.where(y < self.target, rise**self.s, d)
            if self.upper is not None:
                fall = np.clip((self.upper - y) / (self.upper - self.target), 0.0, 1.0)
                d = np.where(y > self.target, fall**self.t, d)
        return np.where(self.within(y), d, 0.0)

    def within(self, y: Vector) -> npt.NDArray[np.bool_]:
        """Which responses keep the limits."""
        low = -np.inf if self.lower is None else self.lower
        high = np.inf if self.upper is None else self.upper
        return np.asarray((y >= low) & (y <= high))

    def shortfall(self, y: Vector) -> Vector:
        """How far responses are from fully satisfying, in their own unit; no weight enters."""
        low = self.target if self.target is not None and self.lower is not None else self.lower
        high = self.target if self.target is not None and self.upper is not None else self.upper
        below = np.zeros_like(y) if low is None else np.maximum(low - y, 0.0)
        above = np.zeros_like(y) if high is None else np.maximum(y - high, 0.0)
        return np.asarray(below + above)

    def outside(self, y: Vector) -> Vector:
        """How far responses are beyond the limits."""
        low = -np.inf if self.lower is None else self.lower
        high = np.inf if self.upper is None else self.upper
        return np.asarray(np.maximum(np.maximum(low - y, y - high), 0.0))


def read_goals(
    responses: Sequence[str],
    *,
    lower: Sequence[str | float | None],
    target: Sequence[str | float | None],
    upper: Sequence[str | float | None],
    importance: Sequence[float] = (),
) -> dict[str, Goal]:
    """读目标 Goals from lists as they are typed: one entry a response, 无 where there is none.

    Parameters
    ----------
    responses : sequence of str
    lower, target, upper : sequence
        Numbers, or 无, as many as responses.
    importance : sequence of float
        All alike where empty.

    Raises
    ------
    QualityDataError
        If a list has another length, an entry is no number, or a goal makes no sense.

    Examples
    --------
    >>> goals = read_goals(["耐磨", "硬度"], lower=[120, 60], target=[170, 67.5], upper=["无", 75])
    >>> [goal.kind for goal in goals.values()]
    ['望大', '望目']
    """
    names = [str(name) for name in responses]
    if not names or len(set(names)) < len(names):
        raise QualityDataError("响应没有写，或写了两遍。", hint="每个响应的列名写一遍。")
    columns = {"lower": lower, "target": target, "upper": upper}
    if importance:
        columns["importance"] = importance
    for option, column in columns.items():
        if isinstance(column, str) or len(column) != len(names):
            count = 1 if isinstance(column, str) else len(column)
            raise QualityDataError(
                f"{len(names)} 个响应，{option} 却写了 {count} 个。",
                hint=f"{option} 要与响应一一对应，没有的那一项写“无”。",
            )
    goals = {}
    for place, name in enumerate(names):
        row = {option: _number(column[place], option, name) for option, column in columns.items()}
        try:
            weight = 1.0 if not importance else row["importance"]
            goals[name] = Goal(
                row["lower"], row["target"], row["upper"],
                importance=float("nan") if weight is None else weight,
            )  # fmt: skip
        except QualityDataError as error:
            raise QualityDataError(f"响应“{name}”：{error.message}", hint=error.hint) from None
    return goals


def _number(value: object, option: str, name: str) -> float | None:
    text = frames.plain(str(value)).replace("−", "-")
    if text in _NOTHING:
        return None
    try:
        return float(text)
    except ValueError:
        raise QualityDataError(
            f"响应“{name}”的 {option} 写成 {value!r}，不是数字。", hint="写数字；没有的写“无”。"
        ) from None

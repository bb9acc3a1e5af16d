"""因子 Factors of an experiment: names, settings, and the coded scale from −1 to +1."""

from __future__ import annotations

import contextlib
import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    Vector = npt.NDArray[np.float64]

LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # without I, which is the identity
CODED = (-1.0, 1.0)

_MOST_LEVELS = 50

Setting = float | str


@dataclass(frozen=True, slots=True)
class Factor:
    """因子 A factor with its settings, from the low to the high coded level.

    Numbers are a continuous factor: coded −1 is the first, +1 the last setting, and everything
    between and beyond is on the same straight scale. Texts are a categorical factor: its settings
    are coded by evenly spaced numbers from −1 to +1 and nothing lies between them.

    Parameters
    ----------
    name : str
    levels : tuple of float or tuple of str
        At least two; numbers rise.

    Examples
    --------
    >>> heat = Factor("温度", (160.0, 180.0))
    >>> heat.coded([160, 170, 185]).tolist(), heat.settings([-1, 0, 1.5])
    ([-1.0, 0.0, 1.5], [160.0, 170.0, 185.0])
    >>> Factor("材料", ("甲", "乙", "丙")).coded(["丙", "乙"]).tolist()
    [1.0, 0.0]
    """

    name: str
    levels: tuple[Setting, ...]

    @property
    def continuous(self) -> bool:
        """Whether the settings are numbers."""
        return not isinstance(self.levels[0], str)

    @property
    def positions(self) -> Vector:
        """Coded values of the settings."""
        if not self.continuous:
            return np.linspace(-1.0, 1.0, len(self.levels))
        return self.coded(self.levels)

    def coded(self, settings: Sequence[Setting] | npt.NDArray[np.float64]) -> Vector:
        """Settings as coded values; a text that is no setting is a KeyError."""
        if not self.continuous:
            place = dict(zip(self.levels, self.positions.tolist(), strict=True))
            return np.array([place[setting] for setting in settings], dtype=np.float64)
        low, high = float(self.levels[0]), float(self.levels[-1])
        values = np.asarray(settings, dtype=np.float64)
        return (values - low) / (high - low) * 2 - 1

    def settings(self, coded: Sequence[float] | npt.NDArray[np.float64]) -> list[Setting]:
        """Coded values as settings, without the dust of the conversion."""
        coded = np.asarray(coded, dtype=np.float64)
        if not self.continuous:
            nearest = np.abs(coded[:, None] - self.positions).argmin(axis=1)
            return [self.levels[place] for place in nearest]
        low, high = float(self.levels[0]), float(self.levels[-1])
        values = low + (coded + 1) / 2 * (high - low)
        digits = 12 - math.ceil(math.log10(max(abs(low), abs(high), high - low)))
        return [float(value) for value in np.round(values, digits)]


# how factors may be told to every design
Factors = (
    int | Sequence[str] | Sequence[int] | Sequence[Factor] | Mapping[str, Sequence[Setting] | int]
)


def read_factors(
    factors: Factors,
) -> tuple[Factor, ...]:
    """读因子 A number, names, or names with their settings, as factors.

    Parameters
    ----------
    factors : int, sequence of str, int or Factor, or mapping of str to sequence or int
        ``5`` gives A to E; names alone are coded −1 and +1; ``{"温度": (160, 180)}`` or
        ``["温度=160/180"]`` gives settings in the unit of the shop floor, numbers or texts;
        ``[2, 3]`` or ``{"温度": 3}`` gives numbers of evenly spaced levels from −1 to +1.

    Raises
    ------
    QualityDataError
        If there is no factor, a name is blank or repeated, or a factor has fewer than two
        settings, a repeated one, falling numbers, or numbers mixed with texts.

    Examples
    --------
    >>> [factor.name for factor in read_factors(9)]
    ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J']
    >>> read_factors({"温度": (160, 180)})
    (Factor(name='温度', levels=(160.0, 180.0)),)
    >>> read_factors(["材料=甲/乙"])
    (Factor(name='材料', levels=('甲', '乙')),)
    >>> [factor.levels for factor in read_factors([2, 3])]
    [(-1.0, 1.0), (-1.0, 0.0, 1.0)]
    """
    if isinstance(factors, bool | str):
        raise QualityDataError(
            f"因子写成 {factors!r}，看不懂。", hint="写因子个数、名字的列表，或 {名字: (低, 高)}。"
        )
    if isinstance(factors, int):
        if not 1 <= factors <= len(LETTERS):
            raise QualityDataError(
                f"因子个数 {factors} 不在 1 到 {len(LETTERS)} 之间。", hint="更多的因子请写出名字。"
            )
        factors = list(LETTERS[:factors])
    found: list[Factor] = []
    if isinstance(factors, Mapping):
        found = [Factor(_name(name), _levels(name, own)) for name, own in factors.items()]
    else:
        for place, one in enumerate(factors):
            if isinstance(one, int) and not isinstance(one, bool) and place < len(LETTERS):
                found.append(Factor(LETTERS[place], _levels(LETTERS[place], one)))
            else:
                found.append(one if isinstance(one, Factor) else _written(one))
    if not found:
        raise QualityDataError("一个因子也没有。", hint="至少要 1 个因子。")
    seen: dict[str, str] = {}
    for factor in found:
        if (key := frames.plain(factor.name)) in seen:
            raise QualityDataError(
                f"因子“{factor.name}”和“{seen[key]}”重名。", hint="每个因子写一个不同的名字。"
            )
        seen[key] = factor.name
    return tuple(found)


def _written(text: object) -> Factor:
    """A name alone, or with its settings as one line: ``温度=160/180``."""
    if not isinstance(text, str) or "=" not in unicodedata.normalize("NFKC", text):
        return Factor(_name(text), CODED)
    name, _, rest = unicodedata.normalize("NFKC", text).partition("=")
    levels: list[Setting] = [part.strip() for part in rest.split("/") if part.strip()]
    for place, level in enumerate(levels):
        with contextlib.suppress(ValueError):
            levels[place] = float(level)
    return Factor(_name(name), _levels(name.strip(), levels))


def _name(name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise QualityDataError(f"因子名 {name!r} 不是文字。", hint="每个因子写一个名字。")
    if set(name) & set("×*:^²"):
        raise QualityDataError(
            f"因子名“{name}”里有 × * : ^ ² 之一，会与交互作用的写法相混。", hint="请换一个名字。"
        )
    return name.strip()


def _levels(name: str, levels: Sequence[Setting] | int) -> tuple[Setting, ...]:
    if isinstance(levels, int) and not isinstance(levels, bool) and 2 <= levels <= _MOST_LEVELS:
        return tuple(float(level) for level in np.linspace(-1.0, 1.0, levels))
    if isinstance(levels, str) or not isinstance(levels, Sequence | np.ndarray):
        raise QualityDataError(
            f"因子“{name}”的水平 {levels!r} 看不懂。", hint="写成 (低, 高) 或水平的列表。"
        )
    own = list(levels)
    numeric = [frames.is_number(level) for level in own]
    if any(numeric) and not all(numeric):
        raise QualityDataError(
            f"因子“{name}”的水平里数字和文字混着写：{'、'.join(map(str, own))}。",
            hint="要么都写数字，要么都写文字。",
        )
    if len(own) < 2 or len(set(own)) < len(own):
        raise QualityDataError(
            f"因子“{name}”的水平 {'、'.join(map(str, own)) or '（没有）'} 不足两个，或有重复。",
            hint="至少写两个不同的水平；不变的量不是因子。",
        )
    if not all(numeric):
        return tuple(str(level) for level in own)
    values = [float(level) for level in own]
    if not all(math.isfinite(value) for value in values):
        raise QualityDataError(f"因子“{name}”的水平不是有限的数。", hint="请写出数字。")
    if values != sorted(values):
        raise QualityDataError(
            f"因子“{name}”的水平 {'、'.join(f'{v:g}' for v in values)} 没有从低到高写。",
            hint="数字的水平请从低到高写。",
        )
    return tuple(values)

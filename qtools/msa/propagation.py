"""传播 What both uncertainty methods do with a model: check it, evaluate it, differentiate it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.msa.inputs import Input, Model

if TYPE_CHECKING:
    from qtools.msa.inputs import Vector

_STEP = 0.05  # of the slopes' differences, in standard uncertainties
_DUST = 1e-13  # of the model's value: what rounding leaves of a slope that is 0


def require_model(model: Model, inputs: Mapping[str, Input]) -> None:
    """模型检查 Refuse a model that does not take exactly these inputs by name.

    Raises
    ------
    QualityDataError
        If there are no inputs, one is no ``Input``, or the names do not fit the function's.
    """
    if not inputs:
        raise QualityDataError("没有输入量。", hint="inputs 是“名字 → Input”的字典。")
    odd = [name for name, one in inputs.items() if not isinstance(one, Input)]
    if odd:
        raise QualityDataError(
            f"输入量“{odd[0]}”不是 Input。",
            hint="例如 Input.normal(25.0, 0.1)，或 Input.bounded(0, 0.5)。",
        )
    if not callable(model):
        raise QualityDataError("model 不是函数。", hint="例如 lambda V, I: V / I。")
    signature = inspect.signature(model)
    try:
        signature.bind(**inputs)
    except TypeError:
        wanted = "、".join(signature.parameters)
        raise QualityDataError(
            f"模型的参数（{wanted}）与输入量（{'、'.join(inputs)}）对不上。",
            hint="函数的参数名与 inputs 里的名字要一一对应。",
        ) from None


def evaluate(model: Model, values: Mapping[str, Vector]) -> Vector:
    """模型取值 The model at many points at once; where it has no value, NaN or infinity.

    Raises
    ------
    QualityDataError
        If the model cannot compute with arrays, element by element.
    """
    size = next(iter(values.values())).shape
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(model(**values), dtype=np.float64)
            return np.array(np.broadcast_to(found, size))
    except (TypeError, ValueError) as error:
        raise QualityDataError(
            f"模型不能对数组逐元素计算：{error}",
            hint="请用 np.sqrt、np.cos 等代替 math 里的函数，用 np.where 代替 if。",
        ) from error


def derivatives(
    model: Model, inputs: Mapping[str, Input]
) -> tuple[float, tuple[float, ...], Vector]:
    """Value, slopes, and curvature times uᵢuⱼ of a model at the estimates.

    Raises
    ------
    QualityDataError
        If the model has no finite value at the estimates or near them.
    """
    count = len(inputs)
    centre = np.array([one.estimate for one in inputs.values()])
    u = np.array([one.u for one in inputs.values()])

    def at(steps: Vector) -> Vector:
        points = centre + steps * u
        return evaluate(model, dict(zip(inputs, points.T, strict=True)))

    unit = np.eye(count)
    stencil = np.concatenate([unit * step * _STEP for step in (-2, -1, 1, 2)])
    value = float(at(np.zeros((1, count)))[0])
    near = at(stencil).reshape(4, count)
    if not (np.isfinite(value) and np.isfinite(near).all()):
        raise QualityDataError(
            f"模型在估计值附近算不出有限的数（在估计值上是 {value}）。",
            hint="请核对估计值与单位，例如除数是不是 0、根号里是不是负数。",
        )
    slopes = (near[0] - 8 * near[1] + 8 * near[2] - near[3]) / (12 * _STEP)
    slopes[np.abs(slopes) <= _DUST * np.abs(near).max()] = 0.0
    pairs = list(combinations(range(count), 2))
    curvature = np.zeros((count, count))
    for width in (1.0, 2 * _STEP):  # narrower where ±u leaves the domain of the model
        ends = at(np.concatenate([unit, -unit]) * width).reshape(2, count)
        np.fill_diagonal(curvature, (ends.sum(axis=0) - 2 * value) / width**2)
        if pairs:
            sides = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
            steps = np.array([a * unit[i] + b * unit[j] for i, j in pairs for a, b in sides])
            corner = at(steps * width).reshape(len(pairs), 4)
            cross = (corner[:, 0] - corner[:, 1] - corner[:, 2] + corner[:, 3]) / (4 * width**2)
            for (i, j), found in zip(pairs, cross, strict=True):
                curvature[i, j] = curvature[j, i] = found
        if np.isfinite(curvature).all():
            break
    else:
        raise QualityDataError(
            "模型在估计值附近算不出有限的数。", hint="请核对估计值、单位与模型的定义域。"
        )
    return value, tuple(float(slope) for slope in slopes / u), curvature


def correlation_matrix(
    inputs: Mapping[str, Input], correlations: Mapping[tuple[str, str], float] | None
) -> Vector:
    """相关系数矩阵 Correlations of pairs as a matrix in the order of the inputs.

    Raises
    ------
    QualityDataError
        If a pair names no two inputs, comes twice, has no coefficient from −1 to 1, or all
        together are contradictory.
    """
    place = {name: number for number, name in enumerate(inputs)}
    matrix = np.eye(len(inputs))
    for pair, r in (correlations or {}).items():
        if len(pair) != 2 or pair[0] == pair[1] or not set(pair) <= set(place):
            raise QualityDataError(
                f"相关系数的键 {pair!r} 不对。",
                hint=f"要写两个不同的输入量；现有：{'、'.join(inputs)}。",
            )
        if not frames.is_number(r) or not -1 <= r <= 1:
            raise QualityDataError(f"“{pair[0]}”与“{pair[1]}”的相关系数 {r!r} 不在 −1 与 1 之间。")
        i, j = place[pair[0]], place[pair[1]]
        if matrix[i, j] != 0:
            raise QualityDataError(f"“{pair[0]}”与“{pair[1]}”的相关系数写了两次。")
        matrix[i, j] = matrix[j, i] = float(r)
    if np.linalg.eigvalsh(matrix)[0] < -1e-9:
        raise QualityDataError(
            "这些相关系数彼此矛盾：没有哪组量能同时这样相关。", hint="请核对每一对的正负与大小。"
        )
    return matrix

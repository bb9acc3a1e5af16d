"""混料模型 Terms of Scheffé's models, which have no intercept since proportions add up to one."""

from __future__ import annotations

from itertools import combinations

from qtools.doe.terms import Term
from qtools.errors import QualityDataError

MODELS = {
    "linear": ("一次模型", 1),
    "quadratic": ("二次模型", 2),
    "special-cubic": ("特殊三次模型", 3),
}


def mixture_terms(model: str, q: int) -> tuple[Term, ...]:
    """混料模型的项 Blends of one, two, three components.

    Examples
    --------
    >>> mixture_terms("quadratic", 3)
    ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
    """
    if model not in MODELS:
        raise QualityDataError(
            f"混料模型 {model!r} 不认识。",
            hint="可写 linear（一次）、quadratic（二次）、special-cubic（特殊三次）。",
        )
    highest = min(MODELS[model][1], q)
    return tuple(term for order in range(1, highest + 1) for term in combinations(range(q), order))


def model_name(model: str) -> str:
    """Name of a model as readers see it."""
    return MODELS[model][0]

"""计数型一致性 Attribute agreement: can these people be trusted with go and no-go?

A share of agreement alone says little: where defects are rare, whoever passes everything agrees
nearly always. So four things are told apart: whether a rater agrees with himself, with the others
and with the reference (by part), kappas that allow for chance, and the two ways to be wrong, each
with its own denominator: 漏判 among chances on bad parts, 误判 among chances on good ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from qtools import frames
from qtools.errors import QualityDataError
from qtools.msa.attribute_levels import find_reject
from qtools.msa.attribute_parts import Kappas, RaterLine
from qtools.msa.attribute_result import AttributeAgreement
from qtools.msa.attribute_share import (
    METHOD_NAMES,
    Method,
    Share,
    share_of_decisions,
    share_of_parts,
)
from qtools.msa.attribute_study import Ratings, read_ratings
from qtools.msa.criteria import ATTRIBUTE, AttributeCriteria
from qtools.msa.kappa import Coefficient, cohen_kappa, fleiss_kappa, kendall_w, tau_b

if TYPE_CHECKING:
    import pandas as pd

    from qtools.variance import Codes


def attribute_agreement(
    df: pd.DataFrame,
    *,
    part: str,
    rater: str,
    rating: str,
    trial: str | None = None,
    reference: str | None = None,
    levels: Sequence[object] | None = None,
    reject: Sequence[object] | str | None = None,
    method: Method = "wilson",
    confidence: float = 0.95,
    criteria: AttributeCriteria = ATTRIBUTE,
) -> AttributeAgreement:
    """计数型一致性分析 Attribute agreement analysis: within, between and against a reference.

    Parameters
    ----------
    df : DataFrame, shape (n, …)
        Long table, one row a decision, in any order if ``trial`` is given.
    part, rater, rating : str
        Columns of part, rater and decision.
    trial : str, optional
        Column of which time the rater judged the part. Without it, rows of one part and rater are
        taken in their order.
    reference : str, optional
        Column of what is true of the part; the same in all its rows. Without it, only agreement
        can be told, not correctness.
    levels : sequence, optional
        All ratings from one end to the other, if they are ordered: gives weighted kappas and
        Kendall's coefficients.
    reject : str or sequence, optional
        Ratings that mean 不合格, needed for miss and false-alarm rates. A common word (不合格, NG,
        …) beside one other, or beside 合格, OK, … and any others, is recognised, which the result
        says; 0 and 1 are not guessed.
    method : {"wilson", "clopper-pearson"}
        Intervals of shares.
    confidence : float
        Level of the two-sided intervals.
    criteria : AttributeCriteria
        Acceptance limits.

    Returns
    -------
    AttributeAgreement

    Raises
    ------
    QualityDataError
        If columns or options cannot be used, there is one part only, a rating is unknown, a part
        has two references, a rater decided twice in one trial, or nothing can be compared.

    Notes
    -----
    有效性 effectiveness: parts on which all decisions of the rater are right, over parts he
    judged. 漏判率 miss rate: decisions "good" over decisions on parts that are bad. 误判率 false
    alarms: decisions "bad" over decisions on parts that are good. Decisions on one part are alike,
    so that intervals of the latter two use an effective number of decisions
    (:func:`qtools.msa.attribute_share.share_of_decisions`), and standard errors of kappas sum over
    parts (:func:`qtools.msa.kappa.cohen_kappa`). Cohen's kappa of two raters pairs decisions on the
    same part in the same trial. Kendall's τ_b against the reference is over all decisions of the
    rater; some programs average over trials instead, which differs in later digits.

    References
    ----------
    AIAG, *Measurement Systems Analysis*, 4th ed. (2010), chapter III section C.
    Fleiss, Levin & Paik, *Statistical Methods for Rates and Proportions*, 3rd ed. (2003), ch. 18.

    Examples
    --------
    >>> import qtools as qt
    >>> study = qt.load("weld-inspection-sim")
    >>> found = qt.msa.attribute_agreement(
    ...     study, part="零件", rater="检验员", rating="判定", trial="次数", reference="基准"
    ... )
    >>> [(line.name, line.effective.hits, line.effective.total) for line in found.raters]
    [('甲', 49, 50), ('乙', 44, 50), ('丙', 45, 50)]
    """
    if method not in METHOD_NAMES:
        choices = "、".join(f'"{key}"（{name}）' for key, name in METHOD_NAMES.items())
        raise QualityDataError(f'method="{method}" 不认识。', hint=f"可选：{choices}。")
    frames.require_confidence(confidence)
    study = read_ratings(df, part, rater, rating, trial, reference, levels)
    bad = find_reject(study.levels, reject)
    lines = tuple(
        _rater(study, place, bad, method, confidence) for place in range(len(study.rater_names))
    )
    pairs = {
        (one, other): _kappas(study, study.pairs(one, other), confidence)
        for one, other in combinations(range(len(lines)), 2)
    }
    several = (study.cube >= 0).any(axis=2).sum(axis=1) > 1
    return AttributeAgreement(
        study=study,
        reject=bad,
        reject_assumed=bool(bad) and not reject,
        raters=lines,
        pairs=pairs,
        between=_same(study.counts()[several], method, confidence) if len(lines) > 1 else None,
        all_right=_all_right(study, method, confidence) if len(lines) > 1 else None,
        fleiss=fleiss_kappa(study.counts()[several], confidence) if len(lines) > 1 else None,
        w=_concordance(study, study.cube.reshape(len(study.cube), -1), confidence)
        if len(lines) > 1
        else None,
        method=method,
        confidence=confidence,
        criteria=criteria,
    )


def _rater(
    study: Ratings, place: int, bad: tuple[str, ...], method: Method, confidence: float
) -> RaterLine:
    counts = study.counts(place)
    repeated = counts[counts.sum(axis=1) > 1]
    line = RaterLine(
        name=study.rater_names[place],
        within=_same(repeated, method, confidence),
        fleiss=fleiss_kappa(repeated, confidence),
        w=_concordance(study, study.cube[:, place], confidence),
    )
    if study.truth is None:
        return line
    judged = counts.sum(axis=1) > 0
    right = counts[np.arange(len(counts)), study.truth]
    whole = right[judged] == counts.sum(axis=1)[judged]
    against = study.against_truth(place)
    miss, false_alarm = _wrong(study, counts, bad, method, confidence)
    return replace(
        line,
        effective=share_of_parts(int(whole.sum()), int(judged.sum()), method, confidence),
        right=share_of_decisions(right, counts.sum(axis=1), method, confidence),
        miss=miss,
        false_alarm=false_alarm,
        kappas=_kappas(study, against, confidence),
        tau=tau_b(*against, confidence) if study.ordered else None,
    )


def _wrong(
    study: Ratings, counts: Codes, bad: tuple[str, ...], method: Method, confidence: float
) -> tuple[Share | None, Share | None]:
    """Misses among chances on bad parts, false alarms among chances on good ones."""
    if not bad:
        return None, None
    worse = np.array([level in bad for level in study.levels])
    is_bad = worse[study.truth]
    refused, total = counts[:, worse].sum(axis=1), counts.sum(axis=1)
    passed = total - refused
    return (
        share_of_decisions(passed[is_bad], total[is_bad], method, confidence),
        share_of_decisions(refused[~is_bad], total[~is_bad], method, confidence),
    )


def _kappas(study: Ratings, pairs: tuple[Codes, Codes, Codes], confidence: float) -> Kappas:
    size = len(study.levels)
    plain = cohen_kappa(*pairs, size, "none", confidence)
    if not study.ordered:
        return Kappas(plain)
    linear = cohen_kappa(*pairs, size, "linear", confidence)
    return Kappas(plain, linear, cohen_kappa(*pairs, size, "quadratic", confidence))


def _same(counts: Codes, method: Method, confidence: float) -> Share | None:
    """Parts on which all decisions are the same."""
    alike = (counts > 0).sum(axis=1) == 1
    return share_of_parts(int(alike.sum()), len(counts), method, confidence)


def _all_right(study: Ratings, method: Method, confidence: float) -> Share | None:
    """Parts on which all decisions of all raters are right; each rater must have judged."""
    if study.truth is None:
        return None
    judged = study.cube.max(axis=2).min(axis=1) >= 0
    counts = study.counts()
    whole = counts[np.arange(len(counts)), study.truth] == counts.sum(axis=1)
    return share_of_parts(int((whole & judged).sum()), int(judged.sum()), method, confidence)


def _concordance(study: Ratings, columns: Codes, confidence: float) -> Coefficient | None:
    """Kendall's W over the parts that every column has."""
    complete = columns[columns.min(axis=1) >= 0]
    return kendall_w(complete, confidence) if study.ordered and len(complete) > 1 else None

"""计数型判定 The decision of an attribute study, and what to do about each rater."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtools.msa.criteria import UNPROVEN
from qtools.result import Level, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from qtools.msa.attribute_parts import Index, RaterLine
    from qtools.msa.attribute_result import AttributeAgreement

_ORDER: tuple[Level, ...] = ("good", "caution", "bad")
_FIRST = ("漏判率", "误判率", "有效性")  # which of several equally bad indices is told first
_LEADS = {
    "good": "可以让他们判",
    "caution": "可以先让他们判，同时要改进",
    "bad": "还不能放手让他们判",
}
_UNPROVEN = "看得到的都可接受，还证明不了"


def decide(result: AttributeAgreement) -> Verdict:
    """判定 The worst index of any rater; without a reference it is never better than 留意."""
    indices, known = result.indices, result.study.truth is not None
    rules = result.criteria
    ladders = [rules.kappa]
    if known:
        two_sided = (rules.miss, rules.false_alarm) if result.reject else ()
        ladders = [rules.effectiveness, *two_sided, rules.kappa]
    rule = "；".join(ladder.rule for ladder in ladders) + "。取最差的一项，界上的归好的一档"
    rule += "（κ 恰为 0.75 归勉强）" if rules.kappa.limits[0] == 0.75 else ""
    rule += f"。{UNPROVEN}"
    source = rules.kappa.source
    if not indices:
        text = "还不能判定：判定全都一样，一致是偶然还是真本事，这批件看不出来。"
        return Verdict("caution", text, rule, source)
    level = max((index.band.level for index in indices), key=_ORDER.index)
    worst = min((index for index in indices if index.band.level == level), key=_rank)
    others = [index for index in indices if index.band.level == level and index is not worst]
    unknown = _unknown(result)
    lead = _LEADS["bad" if unknown and level == "caution" else level]
    if level == "good":
        text = f"：各人的各项指标都可接受，{_weakest(result)}。"
        if unknown:
            level, lead = "caution", "看得到的都好，可还不能放手"
        elif any(index.unproven for index in indices):
            level, lead = "caution", _UNPROVEN
        text = lead + text
    else:
        text = f"{lead}：{_said(worst)}，{worst.band.name}{_firmness(result, worst)}。"
        if others:
            also = "、".join(map(_whose, others[:4]))
            more = f"等 {len(others)} 项" if len(others) > 4 else ""
            text += f"同一档的还有{also}{more}。"
    return Verdict(level, text + unknown, rule, source)


def _rank(index: Index) -> tuple[float, int]:
    """The farther beyond its best limit, relative to it, the earlier."""
    best = index.ladder.limits[0]
    over = (index.value - best) / best if index.ladder.rising else (best - index.value) / best
    return -over, _rank_of_name(index)


def _said(index: Index) -> str:
    digits = 1 if index.unit else 2
    return f"{_whose(index)} {index.value:.{digits}f}{index.unit}"


def _whose(index: Index) -> str:
    """Whose index: 丙的漏判率, with a space before a sign that is no Chinese character."""
    return f"{index.whose}的{'' if index.unit else ' '}{index.name}"


def _firmness(result: AttributeAgreement, index: Index) -> str:
    span = index.interval
    if span is None:
        return "（没有区间：标准误是 0，这批件看不出它会晃多少）"
    digits = 1 if index.unit else 2
    text = f"（{100 * result.confidence:g} % 区间 {span.low:.{digits}f}–{span.high:.{digits}f}"
    text += index.unit
    if index.crossed:
        limits = "、".join(f"{limit:g}{index.unit}" for limit in index.crossed)
        return f"{text}，跨过 {limits}，结论不牢）"
    return f"{text}，没有跨过界限）"


def _weakest(result: AttributeAgreement) -> str:
    """How firm it is that every index is good: one interval that reaches over a limit."""
    without = sum(index.interval is None for index in result.indices)
    gaps = f"，另有 {without} 项给不出区间" if without else ""
    crossed = [index for index in result.indices if index.crossed]
    if not crossed:
        return f"区间都没有跨过界限{gaps}"
    worst = [index for index in crossed if index.unproven]
    first = min(worst or crossed, key=_rank_of_name)
    where = f"够到{first.ladder.bands[-1].name}那一档" if worst else "跨过界限"
    example = f"例如{_said(first)}{_firmness(result, first)}"
    return f"但有 {len(worst or crossed)} 项的区间{where}，{example}{gaps}"


def _rank_of_name(index: Index) -> int:
    return _FIRST.index(index.name) if index.name in _FIRST else len(_FIRST)


def _unknown(result: AttributeAgreement) -> str:
    """What a decision would need and the study does not tell."""
    if result.study.truth is None:
        return "没有基准：只知道他们彼此一不一致，不知道判得对不对。"
    if not result.reject:
        return "没有写明哪个判定是不合格：漏判率和误判率还不知道。"
    return "".join(
        _no_chance(result, *which)
        for which in (("漏判率", "不合格", "miss"), ("误判率", "合格", "false_alarm"))
    )


def _no_chance(result: AttributeAgreement, rate: str, kind: str, key: str) -> str:
    """Why a rate is unknown: there is no such part, or some raters judged none."""
    without = [line.name for line in result.raters if getattr(line, key) is None]
    if len(without) == len(result.raters):
        return f"{rate}还不知道：基准里缺{kind}的件。"
    return f"{'、'.join(without)}没有判过{kind}的件，{rate}还不知道。" if without else ""


def _unknown_rates(line: RaterLine) -> str:
    """Which of the two rates nobody knows of this rater."""
    rates = {"漏判率": line.miss, "误判率": line.false_alarm}
    return "和".join(name for name, share in rates.items() if share is None)


def rater_table(result: AttributeAgreement) -> pd.DataFrame:
    """各检验员 Worst band, on which side he errs, what to train."""
    import pandas as pd

    rows, known = [], result.study.truth is not None
    for line in result.raters:
        own = [index for index in result.indices if index.whose == line.name]
        level = max((index.band.level for index in own), key=_ORDER.index, default=None)
        name = next((index.band.name for index in own if index.band.level == level), "看不出")
        unproven = [index.name for index in own if index.unproven]
        unknown = _unknown_rates(line) if known else ""
        if unknown:
            name += f"（{unknown}不知道）"
        if level == "good" and unproven:
            name += f"，还证明不了（{'、'.join(unproven)}的区间太宽）"
        poor = [index.name for index in own if index.band.level != "good"]
        name = name if known else f"只看前后几次：{name}"
        step = advice(line, poor) if poor or known else "对不对还不知道，先定基准"
        if known and unproven and not poor:
            step = "多判一些件，把区间缩短"
        if unknown and not poor:
            step = f"先弄清他的{unknown}，见提醒"
        lean = side(line, result.confidence)
        rows.append([line.name, name, "、".join(poor) or "没有", lean, step])
    heads = [result.study.rater, "判定", "没有到可接受的", "错在哪一边", "下一步"]
    return pd.DataFrame(rows, columns=heads)


def side(line: RaterLine, confidence: float) -> str:
    """错在哪一边 Lenient or strict: Fisher's exact test of parts with an error on each side."""
    from scipy.stats import fisher_exact

    miss, alarm = line.miss, line.false_alarm
    if miss is None or alarm is None:
        return "看不出"
    counts = f"漏 {miss.hits} 次，误 {alarm.hits} 次"
    if miss.hits == alarm.hits == 0:
        return "没有判错"
    table = [[share.touched, share.parts - share.touched] for share in (miss, alarm)]
    lean = "偏松" if miss.percent > alarm.percent else "偏严"
    if fisher_exact(table).pvalue < 1 - confidence:
        return f"{lean}（{counts}）"
    if 0 in (miss.hits, alarm.hits) and miss.touched + alarm.touched > 1:
        return f"像是{lean}，还不能肯定（{counts}）"
    return f"看不出偏哪边（{counts}）"


def advice(line: RaterLine, poor: list[str]) -> str:
    """下一步 What to train, from what is poor and on which side."""
    found = []
    if "漏判率" in poor:
        found.append("拿他放过的不合格件，对着极限样件再看")
    if "误判率" in poor:
        found.append("拿他错判的合格件，讲清哪些缺陷可以放过")
    within = line.within
    if poor and within is not None and within.hits < within.total:
        found.append("先查他自己前后不一的件：照明、时间、判据写没写清")
    if poor and not found:
        found.append("逐件核对有争议的件")
    return "；".join(found) or "保持，定期复查"

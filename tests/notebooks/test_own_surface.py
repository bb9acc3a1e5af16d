"""A workshop's own sheet of a central composite design through the chapter on response surfaces."""

from __future__ import annotations

import html
import re
from pathlib import Path

import numpy as np

from qtools import cli
from qtools.doe import central_composite, run_sheet


def test_sheet_made_here_filled_in_and_run(tmp_path, monkeypatch, capsys):
    """The optimum that the numbers were made with comes back, in the workshop's own units."""
    monkeypatch.chdir(tmp_path)
    design = central_composite({"温度": (160, 180), "压力": (1, 2)}, center=5, seed=3)
    sheet = run_sheet(design, ["强度"])
    heat, force = (sheet["温度"] - 170) / 10, (sheet["压力"] - 1.5) / 0.5
    noise = np.random.default_rng(1).normal(0, 0.1, len(sheet))
    sheet["强度"] = (60 - 3 * (heat - 0.4) ** 2 - 2 * (force + 0.3) ** 2 + noise).round(2)
    sheet.to_excel("我的.xlsx", index=False)
    words = ["run", "doe/response-surface", "--data", "我的.xlsx", "--factors", "温度,压力"]
    assert cli.invoke([*words, "--response", "强度", "--goal", "max", "-o", "报告.html"]) == 0
    assert "Traceback" not in capsys.readouterr().err
    page = Path("报告.html").read_text(encoding="utf-8")
    shown = html.unescape(re.sub(r"<[^>]+>", "", page))
    found = re.search(r"定住了：温度 ([\d.]+)，压力 ([\d.]+)", shown)
    assert found
    assert abs(float(found[1]) - 174) < 0.5
    assert abs(float(found[2]) - 1.35) < 0.05
    assert "CVD" not in re.sub(r"<(script|pre)\b.*?</\1>", "", page, flags=re.DOTALL)

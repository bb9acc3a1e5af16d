"""What readers' files have wrong with them: each case of ``bad_input/`` through the command line.

A case changes a chapter's default data, writes them as an Excel file and runs the chapter on it.
Either the command refuses with all the words of ``refused`` and leaves nothing behind, or the
report shows the caveat whose code is ``caveat``. The input file is the same afterwards.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from qtools import cli, data

FILES = sorted((Path(__file__).parent / "bad_input").glob("*.yml"))
CASES = [
    pytest.param(sheet | case, id=f"{path.stem}-{case['id']}")
    for path in FILES
    for sheet in [yaml.safe_load(path.read_text(encoding="utf-8"))]
    for case in sheet["cases"]
]
KEYS = {"chapter", "data", "cases", "id", "change", "options", "refused", "caveat"}


@pytest.mark.parametrize("case", CASES)
def test_bad_input(
    case: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert set(case) <= KEYS
    assert ("refused" in case) != ("caveat" in case)
    monkeypatch.chdir(tmp_path)
    df = data.load(case["data"])
    frame = eval(case["change"], {"df": df, "pd": pd, "np": np})  # noqa: S307 - our own cases
    frame.to_excel("我的数据.xlsx", index=False)
    before = Path("我的数据.xlsx").read_bytes()
    words = ["run", case["chapter"], "--data", "我的数据.xlsx", "-o", "报告.html"]
    for name, value in case.get("options", {}).items():
        words += [f"--{name}", str(value)]
    status = cli.invoke(words)
    done = capsys.readouterr()
    assert "Traceback" not in done.err
    assert Path("我的数据.xlsx").read_bytes() == before
    if "refused" in case:
        assert status == 2, done.out
        for word in case["refused"]:
            assert word in done.err
        assert [path.name for path in Path().iterdir()] == ["我的数据.xlsx"]
    else:
        assert status == 0, done.err
        assert f'data-code="{case["caveat"]}"' in Path("报告.html").read_text(encoding="utf-8")

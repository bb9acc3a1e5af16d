"""数据 Data sets of the handbook and your own files: one way in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qtools import frames
from qtools.errors import QualityDataError

if TYPE_CHECKING:
    import pandas as pd


def root() -> Path:
    """手册的根 Where data, notebooks and exercises lie: the checkout, or the installed package."""
    package = Path(__file__).resolve().parent
    checkout = package.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "data").is_dir():
        return checkout
    return package / "_share"


def load(
    source: str | Path,
    columns: Sequence[str] | None = None,
    *,
    sheet: str | int | None = None,
    header: int | None = None,
    units: bool = False,
) -> pd.DataFrame:
    """读数据 A data set of the handbook by name, or your own .csv or .xlsx by path."""
    import pandas as pd

    path = root() / "data" / str(source) / "data.csv"
    if not path.is_file():
        path = Path(source)
    if not path.is_file():
        raise QualityDataError(f"找不到数据“{source}”。")
    if path.suffix == ".xlsx":
        frame = pd.read_excel(path, sheet_name=sheet or 0)
    else:
        frame = pd.read_csv(path, encoding="utf-8-sig")
    frame.attrs["qtools_source"] = path.name if path.parent.parent.name != "data" else str(source)
    frame.attrs["qtools_first_row"] = 2
    if columns is not None:
        frames.require_columns(frame, columns)
    return frame

"""数据错误 The one exception of the handbook: what is wrong, where, and what to do, in Chinese."""

from collections.abc import Sequence

_ROWS_SHOWN = 5


class QualityDataError(ValueError):
    """数据错误: the data or an option cannot be used as asked.

    ``str(error)`` is complete by itself: a reader who sees nothing else knows what is wrong, in
    which rows, and what to do next.

    Parameters
    ----------
    message : str
        One Chinese sentence that says what is wrong, naming file and column where there are any.
    hint : str, optional
        What to do about it.
    rows : sequence of int or str, optional
        The offending rows as the reader counts them (row 2 is the first under an Excel heading).

    Examples
    --------
    >>> print(QualityDataError("列“读数”里有不是数字的内容。", hint="请改成数字。", rows=[3, 8]))
    列“读数”里有不是数字的内容。
    有问题的行：第 3、8 行。
    怎么办：请改成数字。
    """

    def __init__(
        self, message: str, *, hint: str | None = None, rows: Sequence[int | str] = ()
    ) -> None:
        self.message = message
        self.hint = hint
        self.rows = tuple(rows)
        super().__init__(message)

    def __str__(self) -> str:
        lines = [self.message]
        if self.rows:
            shown = "、".join(str(row) for row in self.rows[:_ROWS_SHOWN])
            more = f"，共 {len(self.rows)} 行" if len(self.rows) > _ROWS_SHOWN else ""
            lines.append(f"有问题的行：第 {shown} 行{more}。")
        if self.hint:
            lines.append(f"怎么办：{self.hint}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:  # survives a process boundary with all its parts
        return _rebuild, (self.message, self.hint, self.rows)


def _rebuild(message: str, hint: str | None, rows: Sequence[int | str]) -> QualityDataError:
    return QualityDataError(message, hint=hint, rows=rows)

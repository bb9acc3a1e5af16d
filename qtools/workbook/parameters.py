"""参数 What a chapter can be told, read from the syntax of its cell tagged ``parameters``.

papermill's own inspection goes line by line and drops ``x: float | None``; here the cell is parsed.
"""

from __future__ import annotations

import ast
import io
import math
import re
import tokenize
import unicodedata
from dataclasses import dataclass
from typing import Any

from qtools.errors import QualityDataError

_KINDS = {"str": "文字", "int": "整数", "float": "数", "bool": "是或否"}
_YES_NO = {"是": True, "true": True, "yes": True, "1": True}
_YES_NO |= {"否": False, "false": False, "no": False, "0": False}
_WANTED = {"str": "文字", "int": "一个整数", "float": "一个数", "bool": "是或否"}
_NOTHING = ("", "无", "none")


@dataclass(frozen=True, slots=True)
class Parameter:
    """一个参数 Name, default, type and Chinese help of one line of a parameters cell.

    Parameters
    ----------
    name : str
        Python name in the notebook.
    default : object
        Value that the chapter has by itself.
    type : str
        ``"str"``, ``"int"``, ``"float"``, ``"bool"`` or ``"list[…]"`` of these; followed by
        ``" | None"`` where the value may be left out.
    help : str
        The comment behind the line.

    Examples
    --------
    >>> limit = Parameter("tolerance", None, "float | None", "公差")
    >>> limit.option, limit.kind, limit.convert("２．５"), limit.convert("无")
    ('--tolerance', '数，可不填', 2.5, None)
    """

    name: str
    default: object
    type: str
    help: str

    @property
    def option(self) -> str:
        """The command line's spelling: ``alpha_pool`` is ``--alpha-pool``."""
        return "--" + self.name.replace("_", "-")

    @property
    def optional(self) -> bool:
        """Whether the value may be left out."""
        return self.type.endswith(" | None")

    @property
    def many(self) -> bool:
        """Whether the value is a list."""
        return self.type.startswith("list[")

    @property
    def item(self) -> str:
        """Type of the value, or of one item of a list."""
        return self.type.removesuffix(" | None").removeprefix("list[").removesuffix("]")

    @property
    def kind(self) -> str:
        """The type in Chinese, for help and templates."""
        name = _KINDS[self.item] + ("（可写几个，用逗号分开）" if self.many else "")
        return name + ("，可不填" if self.optional else "")

    @property
    def told(self) -> str:
        """The help outside a notebook, where nobody writes None."""
        return self.help.replace("写 None", "不写").replace("None", "不写")

    @property
    def is_file(self) -> bool:
        """Whether the value names a data set or a file: ``data``, ``data_…``."""
        return self.name == "data" or self.name.startswith("data_")

    def convert(self, value: object) -> Any:
        """Turn what was typed, or a Python value, into this parameter's type.

        Raises
        ------
        QualityDataError
            If it cannot be one, naming the option and the type wanted.
        """
        value = value.item() if hasattr(value, "item") else value
        if isinstance(value, str) and value.strip().casefold() in _NOTHING and self.optional:
            return None
        if value is None:
            if self.optional:
                return None
            raise self._refuse(value)
        if not self.many:
            return self._one(value)
        if isinstance(value, str):
            value = [part.strip() for part in re.split("[,，、;；]", value) if part.strip()]
        if not isinstance(value, list | tuple):
            raise self._refuse(value)
        return [self._one(part) for part in value]

    def _one(self, value: object) -> Any:
        if self.item == "str":
            if isinstance(value, str) and value.strip():
                return value
            raise self._refuse(value)
        text = unicodedata.normalize("NFKC", str(value)).strip().replace("−", "-").casefold()
        if self.item == "bool":
            if text in _YES_NO:
                return _YES_NO[text]
            raise self._refuse(value)
        try:
            number = float(text) if "_" not in text else math.nan
        except ValueError:
            raise self._refuse(value) from None
        if not math.isfinite(number) or (self.item == "int" and not number.is_integer()):
            raise self._refuse(value)
        return int(number) if self.item == "int" else number

    def _refuse(self, value: object) -> QualityDataError:
        shown = "什么也没有" if value in (None, "") else f"“{value}”"
        meaning = f"{self.option}：{self.told}" if self.help else f"写成 {self.option} 值"
        wanted = _WANTED[self.item]
        if self.item in ("float", "int"):
            meaning += f"。{self._as_number(str(value))}"
            wanted = "几个数，用逗号分开" if self.many else wanted
        wanted += "（可不填）" if self.optional else ""
        return QualityDataError(f"参数 {self.option} 要{wanted}，收到的是{shown}。", hint=meaning)

    def _as_number(self, text: str) -> str:
        """How to write as a number what was written otherwise."""
        plain = unicodedata.normalize("NFKC", text).strip()
        found = re.fullmatch(r"(±|\+/-)?\s*(\d+\.?\d*|\.\d+)\s*(%?)", plain)
        if found is None:
            return "只写数字，不带单位。"
        both, digits, percent = found.groups()
        if both and self.name == "tolerance" and not percent:
            return f"公差是上、下规范限之差，{text} 要写成 {2 * float(digits):g}。"
        if both or not percent:
            return "只写数字，不带 ± 和单位。"
        return f"只写数字，{text} 要写成 {float(digits) / (1 if '百分' in self.help else 100):g}。"


def parse(source: str, where: str = "参数单元格") -> tuple[Parameter, ...]:
    r"""Parameters of a cell's source: each line ``name = default  # 中文说明``.

    Help that goes on in a comment of its own on the next line, indented, belongs to the line
    before; a comment that starts its line is a heading and nobody's help.

    Parameters
    ----------
    source : str
        Source of the cell.
    where : str
        The chapter, for messages.

    Raises
    ------
    QualityDataError
        If the cell holds anything but assignments of plain values to names.

    Examples
    --------
    >>> found = parse('usl: float | None = None  # 上规范限\nlevels = ["炉次"]  # 层次')
    >>> [(p.name, p.default, p.type, p.help) for p in found]
    [('usl', None, 'float | None', '上规范限'), ('levels', ['炉次'], 'list[str]', '层次')]
    """
    try:
        body = ast.parse(source).body
        comments = _comments(source)
    except (SyntaxError, tokenize.TokenError) as error:
        raise QualityDataError(f"{where}的参数单元格不是合法的 Python：{error}") from error
    taken = {line for s in body for line in range(s.lineno, (s.end_lineno or s.lineno) + 1)}
    found = []
    for statement in body:
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement
        target = target.target if isinstance(target, ast.AnnAssign) else target
        if (
            not isinstance(statement, ast.Assign | ast.AnnAssign)
            or not isinstance(target, ast.Name)
            or statement.value is None
        ):
            raise QualityDataError(
                f"{where}的参数单元格第 {statement.lineno} 行不是“名字 = 默认值  # 说明”。"
            )
        try:
            default = ast.literal_eval(statement.value)
        except ValueError as error:
            raise QualityDataError(
                f"{where}的参数“{target.id}”的默认值要直接写出来，不能是算式。"
            ) from error
        note = statement.annotation if isinstance(statement, ast.AnnAssign) else None
        kind = _type(ast.unparse(note) if note else "", default)
        if kind is None:
            raise QualityDataError(f"{where}的参数“{target.id}”的类型写法不认得。")
        last = int(statement.end_lineno or statement.lineno)
        found.append(Parameter(target.id, default, kind, _help(comments, taken, last)))
    return tuple(found)


def _comments(source: str) -> dict[int, tuple[int, str]]:
    """Comments by line: the column they start in, and their text."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: (token.start[1], token.string.lstrip("#").strip())
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _help(comments: dict[int, tuple[int, str]], taken: set[int], line: int) -> str:
    text = comments.get(line, (0, ""))[1]
    while text and (more := comments.get(line + 1)) and more[0] > 0 and line + 1 not in taken:
        text += more[1]
        line += 1
    return text


def _type(annotation: str, default: object) -> str | None:
    """Canonical type of an annotation, or of a default without one."""
    if not annotation:
        if isinstance(default, list | tuple):
            items = {type(item).__name__ for item in default} or {"str"}
            annotation = f"list[{items.pop()}]" if len(items) == 1 else ""
        else:
            annotation = "str | None" if default is None else type(default).__name__
    pieces = [piece.strip() for piece in annotation.split("|")]
    optional = "None" in pieces
    pieces = [piece for piece in pieces if piece != "None"]
    if len(pieces) != 1:
        return None
    kind = re.sub(r"^(?:list|tuple)\[(\w+)(?:, \.\.\.)?\]$", r"list[\1]", pieces[0])
    if kind.removeprefix("list[").removesuffix("]") not in _KINDS:
        return None
    return kind + (" | None" if optional else "")

"""Every chapter as a reader's own report has it: without the cells tagged ``course``."""

from __future__ import annotations

from typing import Any

from qtools import notebook
from qtools.site import authoring
from qtools.workbook import Chapter


def test_runs_and_keeps_what_is_not_course(
    chapter: Chapter, executed_without_course: dict[str, Any]
) -> None:
    nb = executed_without_course[chapter.name]
    source = authoring.read(chapter.path)
    kept = [c.id for c in source.cells if "course" not in c.metadata.get("tags", [])]
    assert [cell.id for cell in nb.cells] == kept
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", cell.id
            assert output.get("name") != "stderr", (cell.id, output.text)


def test_numbers_do_not_depend_on_course_cells(
    chapter: Chapter, executed: dict[str, Any], executed_without_course: dict[str, Any]
) -> None:
    full = notebook.recorded(executed[chapter.name])
    bare = notebook.recorded(executed_without_course[chapter.name])
    assert bare
    assert bare.items() <= full.items()


def test_no_exercise_is_left(chapter: Chapter, executed_without_course: dict[str, Any]) -> None:
    for cell in executed_without_course[chapter.name].cells:
        for output in cell.get("outputs", []):
            assert notebook.EXERCISE_MIME not in output.get("data", {}), cell.id

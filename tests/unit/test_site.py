"""Executing, assembling and publishing; the normal form of notebooks; the skeleton of a chapter."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from qtools import QualityDataError, data, site, workbook
from qtools.site import authoring, execution, skeleton
from qtools.workbook import Chapter

# --- a small handbook in a temporary folder ----------------------------------------------------

Write = Callable[..., Path]


def notebook(*sources: str, tags: tuple[str, ...] = (), **facts: Any) -> Any:
    """A chapter whose code cells have these sources; the last one has the tags."""
    cells = [new_markdown_cell("# 一章", id="title")]
    cells += [new_code_cell(text, id=f"c{k}") for k, text in enumerate(sources, start=1)]
    cells[-1].metadata["tags"] = list(tags)
    about = {"id": "N901", "level": "L1", "data": [], "exercises": [], "policy": [], **facts}
    return authoring.tidy(new_notebook(cells=cells, metadata={"qtools": about}))


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Root of a handbook of its own."""
    for folder in ("notebooks", "data/d", "book/exercises"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "data/d/data.csv").write_text("x\n1\n", encoding="utf-8")
    (tmp_path / "book/exercises/a.yml").write_text("[]\n", encoding="utf-8")
    (tmp_path / "book/_config.yml").write_text("title: t\n", encoding="utf-8")
    (tmp_path / "requirements.lock").write_text("numpy==1\n", encoding="utf-8")
    monkeypatch.setattr(data, "root", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def write(top: Path) -> Write:
    def put(name: str, nb: Any) -> Path:
        path = top / "notebooks" / f"{name}.ipynb"
        authoring.write_if_changed(path, authoring.to_text(nb))
        return path

    return put


def only() -> Chapter:
    return workbook.chapters()[0]


# --- the key -----------------------------------------------------------------------------------


def test_key_follows_what_outputs_depend_on(top: Path, write: Write) -> None:
    nb = notebook("1 + 1", data=["d"], exercises=["a"])
    path = write("a/one", nb)
    keys = [execution.content_key(only()), execution.content_key(only(), course=False)]
    for name in ("data/d/data.csv", "book/exercises/a.yml", "requirements.lock"):
        with (top / name).open("a", encoding="utf-8") as handle:
            handle.write("# more\n")
        keys.append(execution.content_key(only()))
    nb.cells[1].source = "1 + 2"
    authoring.write_if_changed(path, authoring.to_text(nb))
    keys.append(execution.content_key(only()))
    assert len(set(keys)) == len(keys) == 6


def test_key_ignores_what_outputs_do_not_depend_on(top: Path, write: Write) -> None:
    nb = notebook("1 + 1", data=["d"])
    path = write("a/one", nb)
    key = execution.content_key(only())
    nb.cells[1].execution_count = 9
    path.write_text(json.dumps(nb, indent=4), encoding="utf-8")
    (top / "data/other").mkdir()
    (top / "data/other/data.csv").write_text("x\n", encoding="utf-8")
    crlf = (top / "data/d/data.csv").read_bytes().replace(b"\n", b"\r\n")
    (top / "data/d/data.csv").write_bytes(crlf)
    assert execution.content_key(only()) == key


def test_key_follows_methods_but_not_the_upper_floors(tmp_path: Path) -> None:
    package = Path(execution.__file__).parents[1]
    lower = {
        path.relative_to(package).parts[0].removesuffix(".py")
        for path in package.rglob("*.py")
        if not execution._is_upper(path.relative_to(package))
    }
    assert {"spc", "data", "notebook", "result", "theme", "sigma", "variance"} <= lower
    assert not {"site", "pages", "workbook", "sphinx_ext", "web", "execution", "authoring"} & lower


def test_hash_tells_files_apart(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text("12"), b.write_text("3")
    first = execution.hash_files([a, b], [], tmp_path)
    assert execution.hash_files([b, a, a], [], tmp_path) == first
    a.write_text("1"), b.write_text("23")
    assert execution.hash_files([a, b], [], tmp_path) != first


# --- execution ---------------------------------------------------------------------------------


def test_executes_once_and_gathers_every_failure(top: Path, write: Write) -> None:
    write("a/good", notebook("6 * 7", "print('课程')", tags=("course",)))
    stop = "from qtools import QualityDataError\nraise QualityDataError('列错了。')"
    write("a/stop", notebook("1", stop, id="N902"))
    write("a/zero", notebook("1 / 0", id="N903"))
    seen: list[tuple[int, int, str]] = []
    with pytest.raises(QualityDataError) as failed:
        site.execute_all(progress=lambda *step: seen.append(step))
    text = str(failed.value)
    assert "2 个 notebook 没有执行成功：a/stop、a/zero" in text
    assert "c2" in text
    assert "列错了。" in text
    assert "c1" in text
    assert "ZeroDivisionError" in text
    assert sorted(step[:2] for step in seen) == [(1, 3), (2, 3), (3, 3)]

    [done] = site.execute_all(only=["a/good"])
    assert done.reused
    nb = authoring.read(done.path)
    assert nb.cells[1].outputs[0]["data"]["text/plain"] == "42"
    before = done.path.stat().st_mtime_ns
    assert site.execute_all(only=["a/good"]) == [done]
    assert done.path.stat().st_mtime_ns == before

    [bare] = site.execute_all(only=["a/good"], course=False)
    assert not bare.reused
    assert [cell.id for cell in authoring.read(bare.path).cells] == ["title", "c1"]
    assert authoring.read(done.path) == nb, "the two kinds do not overwrite each other"


def test_unknown_chapter_is_refused(top: Path, write: Write) -> None:
    write("a/one", notebook("1"))
    with pytest.raises(QualityDataError, match="没有这一章：a/two"):
        site.execute_all(only=["a/two"])


def test_a_broken_worker_is_reported(
    top: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a/one", notebook("1"))
    monkeypatch.setattr(execution, "_execute", _die)
    with pytest.raises(QualityDataError, match="意外退出"):
        site.execute_all()


def _die(*_: object) -> str:
    import os

    os._exit(1)


def test_without_the_checkout_there_is_no_book(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "root", lambda: tmp_path)
    with pytest.raises(QualityDataError, match="没有书的源文件"):
        site.build()


# --- assemble and publish ----------------------------------------------------------------------


@pytest.fixture
def done(top: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> list[execution.Execution]:
    """One chapter as if executed, and one generated page."""
    nb = notebook("1", "2", tags=("fold",))
    path = top / "_build/notebooks/a/one.ipynb"
    authoring.write_if_changed(path, authoring.to_text(nb))
    write("a/one", nb)
    monkeypatch.setattr("qtools.site.pages.generate", lambda _: {"made.md": "# 生成\n"})
    (top / "book/index.md").write_text("# 首页\n", encoding="utf-8")
    (top / "book/terms.csv").write_text("a\n", encoding="utf-8")
    (top / "book/_static").mkdir()
    (top / "book/_static/page.png").write_bytes(b"\x89PNG")
    return [execution.Execution("a/one", path, "k", 1.0, "2026-01-01", reused=True)]


def files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_assemble_takes_pages_and_leaves_tables(done: list[execution.Execution]) -> None:
    folder, removed = site.assemble(done)
    assert not removed
    wanted = {"_config.yml", "_static/page.png", "index.md", "made.md", "notebooks/a/one.ipynb"}
    assert files(folder) == wanted


def test_assemble_folds_cross_checks_only(done: list[execution.Execution]) -> None:
    folder, _ = site.assemble(done)
    cells = authoring.read(folder / "notebooks/a/one.ipynb").cells
    assert "hide-cell" not in cells[1].metadata.get("tags", [])
    assert "hide-cell" in cells[2].metadata["tags"]


def test_assemble_writes_only_what_changed(done: list[execution.Execution], top: Path) -> None:
    folder, _ = site.assemble(done)
    stamps = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    (top / "book/index.md").write_text("# 新首页\n", encoding="utf-8")
    site.assemble(done)
    changed = [path.name for path, stamp in stamps.items() if path.stat().st_mtime_ns != stamp]
    assert changed == ["index.md"]


def test_assemble_removes_what_is_gone(done: list[execution.Execution]) -> None:
    folder, _ = site.assemble(done)
    (folder / "old").mkdir()
    (folder / "old/page.md").write_text("# 旧\n", encoding="utf-8")
    _, removed = site.assemble(done)
    assert removed
    assert not (folder / "old").exists()


def fake_sphinx(good: list[bool]) -> Callable[[Path, Path], bool]:
    """Stand-in for Sphinx that writes one page and ends as told."""

    def run(source: Path, work: Path) -> bool:
        (work / "html").mkdir(parents=True, exist_ok=True)
        (work / "html" / "index.html").write_text((source / "index.md").read_text("utf-8"), "utf-8")
        return good.pop(0)

    return run


def test_a_failed_build_keeps_the_old_book_and_forgets_its_pages(
    done: list[execution.Execution], top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (top / "book/_toc.yml").write_text("root: index\n", encoding="utf-8")
    monkeypatch.setattr(site, "execute_all", lambda *_, **__: done)
    monkeypatch.setattr(site, "_sphinx", fake_sphinx([True, False, True]))
    said: list[str] = []
    index = site.build(say=said.append)
    assert said[-1] == str(index) == str(top / "_build/html/index.html")
    assert [line[:2] for line in said[:-1]] == ["执行", "拼合", "成书", "合计"]

    (top / "book/index.md").write_text("# 坏\n", encoding="utf-8")
    with pytest.raises(QualityDataError, match="没有建成"):
        site.build(say=said.append)
    assert index.read_text(encoding="utf-8") == "# 首页\n"
    assert not (top / "_build/sphinx").exists(), "else its warnings would not come again"

    site.build(say=said.append)
    assert index.read_text(encoding="utf-8") == "# 坏\n"
    assert not list((top / "_build").glob("html.*"))


def test_a_changed_frame_rebuilds_every_page(
    done: list[execution.Execution], top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (top / "book/_toc.yml").write_text("root: index\n", encoding="utf-8")
    monkeypatch.setattr(site, "execute_all", lambda *_, **__: done)
    monkeypatch.setattr(site, "_sphinx", fake_sphinx([True] * 4))
    kept = top / "_build/sphinx/html/kept"
    site.build(say=lambda _: None)
    kept.touch()
    site.build(say=lambda _: None)
    assert kept.exists()
    (top / "book/_toc.yml").write_text("root: index\nparts: []\n", encoding="utf-8")
    site.build(say=lambda _: None)
    assert not kept.exists()
    kept.touch()
    site.build(clean=True, say=lambda _: None)
    assert not kept.exists()


# --- normal form -------------------------------------------------------------------------------

names = st.text("abc-0129é ", max_size=6) | st.sampled_from(["goals", "goals-2", "3f2a1b9c", ""])
sources = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(names, sources, st.booleans()), max_size=8))
def test_tidy_is_idempotent_and_keeps_content(cells: list[tuple[str, str, bool]]) -> None:
    made = [
        {"id": name, "cell_type": "code" if code else "markdown", "metadata": {}, "source": text}
        for name, text, code in cells
    ]
    once = authoring.tidy({"cells": made, "metadata": {"editor": "x"}})
    ids = [cell.id for cell in once.cells]
    assert len(set(ids)) == len(ids)
    assert all(authoring.ID.fullmatch(name) for name in ids)
    assert [cell.source for cell in once.cells] == [
        text.strip("\n").rstrip() for _, text, _ in cells
    ]
    assert set(once.metadata) == {"kernelspec", "language_info"}
    assert authoring.to_text(authoring.tidy(once)) == authoring.to_text(once)


def cell(name: str, text: str = "1", kind: str = "code", **more: Any) -> dict[str, Any]:
    return {"id": name, "cell_type": kind, "metadata": {}, "source": text, **more}


def test_tidy_keeps_good_ids_and_derives_others_from_the_cell_before() -> None:
    given_ids = ["title", "goals", "3f2a1b9c-0000-4000-8000-000000000000", "goals", "Bad_Id", "end"]
    cells = [cell(name) for name in given_ids]
    out = authoring.tidy({"cells": cells, "metadata": {}})
    ids = [cell.id for cell in out.cells]
    assert ids == ["title", "goals", "goals-2", "goals-3", "goals-4", "end"]
    assert [cell["id"] for cell in cells] == given_ids, "the argument is left alone"


def test_tidy_drops_outputs_and_keeps_tags_attachments_and_facts() -> None:
    output = {"output_type": "stream", "name": "stdout", "text": "x"}
    state = {"tags": ["course", "course"], "collapsed": True}
    picture = {"p.png": {"image/png": "aGk="}}
    code = cell("a", "1\n\n", metadata=state, execution_count=3, outputs=[output])
    text = cell("b", "![](attachment:p.png)", "markdown", attachments=picture)
    out = authoring.tidy({"cells": [code, text], "metadata": {"qtools": {"id": "N1"}}})
    assert out.cells[0].outputs == []
    assert out.cells[0].execution_count is None
    assert out.cells[0].metadata == {"tags": ["course"]}
    assert out.cells[1].attachments == picture
    assert out.metadata["qtools"] == {"id": "N1"}


def test_tidy_files_checks_or_writes(tmp_path: Path) -> None:
    path = tmp_path / "one.ipynb"
    path.write_text(json.dumps(notebook("1"), indent=4), encoding="utf-8")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints/one-checkpoint.ipynb").write_text("{}", encoding="utf-8")
    before = path.read_bytes()
    assert site.tidy_files([tmp_path], check=True) == [path]
    assert path.read_bytes() == before
    assert site.tidy_files([path]) == [path]
    assert site.tidy_files([tmp_path]) == []
    assert path.read_text(encoding="utf-8").startswith('{\n "cells": [')


@pytest.mark.parametrize("text", ["不是 JSON", "[]", '{"nbformat": 3, "worksheets": []}'])
def test_what_is_no_notebook_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "one.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(QualityDataError, match=r"“one\.ipynb”不是"):
        site.tidy_files([path])
    with pytest.raises(QualityDataError, match="找不到"):
        site.tidy_files([tmp_path / "two.ipynb"])


def test_an_interrupted_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    assert authoring.write_if_changed(path, "旧")
    assert not authoring.write_if_changed(path, "旧")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        authoring.write_if_changed(path, "新")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text(encoding="utf-8") == "旧"


# --- a new chapter -----------------------------------------------------------------------------


def test_new_chapter_takes_its_number_from_the_contents(top: Path) -> None:
    rows = "编号,部分,文件,章,层级,通知行\nN202,MSA,msa/linearity,偏倚,L2,2.3 7.4\n"
    (top / "book/contents.csv").write_text(rows, encoding="utf-8")
    path, bank = site.new_chapter("msa/linearity")
    assert path == top / "notebooks/msa/linearity.ipynb"
    chapter = only()
    assert (chapter.id, chapter.title, chapter.level) == ("N202", "偏倚", "L2")
    assert chapter.policy == ("2.3", "7.4")
    assert site.tidy_files([path], check=True) == []
    assert bank.read_text(encoding="utf-8").count("- id: msa-") == 3
    assert "notebooks/msa/linearity" in site.next_steps("msa/linearity")


def test_new_chapter_extends_a_bank_and_takes_a_free_number(top: Path) -> None:
    bank = top / "book/exercises/msa.yml"
    bank.write_text("# 题库\n- id: msa-07\n  level: 1\n", encoding="utf-8")
    site.new_chapter("msa/one")
    path, _ = site.new_chapter("msa/two")
    text = bank.read_text(encoding="utf-8")
    assert text.startswith("# 题库\n- id: msa-07\n  level: 1\n- id: msa-08\n")
    assert text.count("- id: msa-") == 7
    assert 'qt.exercise("msa-11")' in path.read_text(encoding="utf-8").replace("\\", "")
    assert [chapter.id for chapter in workbook.chapters()] == ["N1201", "N1202"]


def test_new_chapter_never_overwrites(top: Path, write: Write) -> None:
    path = write("a/one", notebook("1"))
    before = path.read_bytes()
    with pytest.raises(QualityDataError, match="已经有了"):
        site.new_chapter("a/one")
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["one", "A/b", "a/b/c", "../a", "中/文", "a/"])
def test_new_chapter_refuses_other_names(top: Path, name: str) -> None:
    with pytest.raises(QualityDataError, match="不合规"):
        site.new_chapter(name)
    assert not list((top / "notebooks").iterdir())


def test_skeleton_has_every_section_once_and_in_order() -> None:
    headings = [
        line
        for _, _, source in skeleton._CELLS
        for line in source.splitlines()
        if line.startswith("## ")
    ]
    assert len(headings) == len(skeleton.SECTIONS) == 10
    for word, heading in zip(skeleton.SECTIONS, headings, strict=True):
        assert word in heading


def test_skeleton_runs(top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Executed as it is written, but for the exercises, whose bank lies in another root."""
    from qtools import notebook as book

    path, _ = site.new_chapter("flow/one")
    nb = workbook.execute(path, course=False)
    metrics = book.recorded(nb)
    assert metrics["n"] == 10
    assert metrics["hand_mean"] == pytest.approx(metrics["x_center"])


def test_skeleton_exercises_are_valid(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qtools.notebook import bank

    real = Path(execution.__file__).parents[2]
    (top / "data/flowrate").mkdir()
    for name in ("data.csv", "card.yml"):
        (top / "data/flowrate" / name).write_bytes((real / "data/flowrate" / name).read_bytes())
    site.new_chapter("flow/one")
    assert bank.validate_bank("flow") == []
    kinds = [bank.payload(name)["kind"] for name in bank.ids("flow")]
    assert kinds == ["计算", "判读", "找错"]

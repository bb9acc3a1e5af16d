"""What several test folders share: the chapters, their executions, and the built site."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from qtools import site, workbook
from qtools.site import authoring

# The same examples in every run: a red test is the change's doing, not the day's.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for ``chapter`` runs once for each chapter of the handbook."""
    if "chapter" in metafunc.fixturenames:
        chapters = workbook.chapters()
        metafunc.parametrize("chapter", chapters, ids=[chapter.name for chapter in chapters])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the executed chapters or the built site shares one worker, and so one build."""
    book = {"executed", "executed_without_course", "site_html"}
    for item in items:
        if book & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("book"))


@pytest.fixture(scope="session")
def executed() -> dict[str, Any]:
    """Every chapter as executed, by name; only what is out of date is executed anew."""
    return {done.name: authoring.read(done.path) for done in site.execute_all()}


@pytest.fixture(scope="session")
def executed_without_course() -> dict[str, Any]:
    """Every chapter executed without its cells tagged ``course``, as a reader's report is."""
    done = site.execute_all(course=False)
    return {one.name: authoring.read(one.path) for one in done}


@pytest.fixture(scope="session")
def site_html() -> Path:
    """Folder of the built site; every page is built anew, with warnings as errors."""
    with warnings.catch_warnings():  # those of Sphinx's Python code are not ours
        warnings.simplefilter("ignore")
        index = site.build(clean=True)
    return index.parent

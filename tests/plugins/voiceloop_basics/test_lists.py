from __future__ import annotations

import asyncio
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.errors import ToolError
from voiceloop.tools.tool import ToolContext
from voiceloop_basics.lists import FileLists, MemoryLists, list_tools


@pytest.fixture(params=["file", "memory"])
def lists(request, tmp_path):
    return FileLists(tmp_path / "private" / "lists.sqlite3") if request.param == "file" else MemoryLists()


def test_a_shopping_trip(lists):
    add, remove, read, clear = list_tools(lists)
    assert read() == "Your shopping list is empty."
    assert add("milk") == "I added milk to your shopping list."
    assert add("two eggs, some Bread and the butter.") == "I added two eggs, Bread and butter to your shopping list."
    assert add("Milk") == "Milk is already on your shopping list."
    assert add("milk and bread") == "milk and bread are already on your shopping list."
    assert read("grocery") == "On your shopping list: milk, two eggs, Bread and butter."
    assert remove("bread") == "I removed Bread from your shopping list."
    assert remove("cheese") == "cheese is not on your shopping list."
    assert remove("two egg and milk") == "I removed two eggs and milk from your shopping list."
    assert read() == "On your shopping list: butter."
    assert clear() == "Your shopping list is empty now."
    assert clear() == "Your shopping list was empty already."


def test_lists_are_kept_apart_and_known_by_several_names(lists):
    add, _, read, _ = list_tools(lists)
    add("call the plumber", "to-do")
    add("milk")
    assert read("todo list") == "On your to do list: call the plumber."
    assert read("tasks") == read("To Do") == read("to-do")
    assert read("groceries") == "On your shopping list: milk."


def test_nothing_to_add_is_a_question(lists):
    with pytest.raises(ToolError, match="What should it be"):
        list_tools(lists)[0](" and ")


def test_a_list_has_an_end(lists):
    lists.add("shopping", [f"thing {number}" for number in range(500)])
    with pytest.raises(ToolError, match="full"):
        list_tools(lists)[0]("one more")


def test_a_list_outlives_its_program_and_belongs_to_its_owner(tmp_path):
    path = tmp_path / "private" / "lists.sqlite3"
    list_tools(FileLists(path))[0]("milk")
    assert list_tools(FileLists(path))[2]() == "On your shopping list: milk."
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_others_could_read_is_closed_to_them(tmp_path):
    path = tmp_path / "lists.sqlite3"
    path.touch(mode=0o644)
    FileLists(path).read("shopping")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_database_is_told_in_a_sentence(tmp_path):
    path = tmp_path / "lists.sqlite3"
    path.write_text("this is no database at all, whatever its name says")
    with pytest.raises(ToolError, match="I cannot open the file") as caught:
        FileLists(path).read("shopping")
    assert isinstance(caught.value.__cause__, sqlite3.Error)


async def test_many_sessions_may_write_at_once(tmp_path):
    add = list_tools(FileLists(tmp_path / "lists.sqlite3"))[0]
    context = ToolContext(print, print)
    async with asyncio.TaskGroup() as group:
        for number in range(12):
            group.create_task(add.invoke({"item": f"thing {number}"}, context))
    assert len(FileLists(tmp_path / "lists.sqlite3").read("shopping")) == 12


@given(st.lists(st.sampled_from(["milk", "eggs", "bread", "salt"])), st.lists(st.sampled_from(["milk", "salt", "tea"])))
def test_file_and_memory_keep_the_same_lists(tmp_path_factory, added, removed):
    both = [FileLists(tmp_path_factory.mktemp("lists") / "lists.sqlite3"), MemoryLists()]
    for lists in both:
        lists.add("x", added)
        lists.remove("x", removed)
    assert both[0].read("x") == both[1].read("x")

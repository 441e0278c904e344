"""A report is written whole or not at all."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from headstart.errors import HeadstartError
from headstart.report.write import write_whole


def test_folders_are_made_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b" / "report.html", "größer\n")
    assert (tmp_path / "a" / "b" / "report.html").read_bytes() == "größer\n".encode()
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["report.html"]


def test_a_failed_write_leaves_the_old_file_and_no_scrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    write_whole(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HeadstartError, match="No space left on device"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_in_the_way_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(HeadstartError, match="Cannot write"):
        write_whole(tmp_path, "text")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "target").write_text("old")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "new"


@pytest.mark.skipif(os.name != "posix", reason="a device file is posix's")
def test_a_device_is_written_to_and_not_replaced() -> None:
    write_whole("/dev/null", "text")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_file_name_that_is_no_utf8_survives_in_json(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.py")
    write_whole(tmp_path / "r.json", json.dumps(name, ensure_ascii=False))
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8")) == name

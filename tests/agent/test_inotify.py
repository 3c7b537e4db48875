"""Changes in folders are told by the kernel."""

import os
import select
from pathlib import Path

import pytest

from faultbox_agent.inotify import CREATE, MOVED_TO, open_inotify


def test_a_rename_into_a_folder_is_told(tmp_path: Path) -> None:
    notice = open_inotify()
    assert notice is not None
    notice.watch(str(tmp_path), MOVED_TO)
    (tmp_path / "a.tmp").write_text("x")
    assert list(notice.changes()) == []
    os.rename(tmp_path / "a.tmp", tmp_path / "报告.json")
    assert select.select([notice.fileno()], [], [], 10)[0]
    assert list(notice.changes()) == [(str(tmp_path), "报告.json")]
    notice.close()


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    notice = open_inotify()
    assert notice is not None
    with pytest.raises(OSError, match="inotify_add_watch"):
        notice.watch(str(tmp_path / "gone"), CREATE)
    notice.close()

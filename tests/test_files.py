"""Files are written whole or not at all, and what stands in the way is said."""

import os
from pathlib import Path

import pytest

from headway.errors import HeadwayError
from headway.files import write_whole


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that holds no files of anybody's")
def test_a_folder_that_takes_no_files_is_not_said_to_be_missing() -> None:
    with pytest.raises(HeadwayError, match=r"^/proc/page.html: cannot be written \(nothing can be made in /proc\)$"):
        write_whole(Path("/proc/page.html"), "x")


def test_what_was_there_stays_where_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "page.html"
    path.write_text("before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(HeadwayError, match="No space left on device"):
        write_whole(path, "after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with a name are of POSIX")
def test_a_pipe_or_a_device_is_written_to_and_stays_what_it_is(tmp_path: Path) -> None:
    # A page for /dev/null once put a file in its place, for everybody on the machine.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(pipe, "a page")
        assert os.read(reader, 100) == b"a page"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there/profile.yaml").write_text("before")
    link = tmp_path / "profile.yaml"
    link.symlink_to("there/profile.yaml")
    write_whole(link, "after")
    assert link.is_symlink()
    assert (tmp_path / "there/profile.yaml").read_text() == "after"

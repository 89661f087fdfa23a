"""Files are written whole or not at all, and what stands in the way is said."""

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

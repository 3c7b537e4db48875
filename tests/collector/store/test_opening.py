"""Opening the data folder: one process at a time, any name, and sentences instead of tracebacks."""

from pathlib import Path

import pytest
from sqlalchemy import text

from faultbox_collector.settings import Settings
from faultbox_collector.store.opening import DataFolderBusy, DataFolderError, open_store


def test_a_second_process_is_refused_until_the_first_has_closed(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path / "data"))
    store = open_store(settings)
    with pytest.raises(DataFolderBusy, match="another process serves"):
        open_store(settings)
    store.close()
    open_store(settings).close()


@pytest.mark.parametrize("name", ["a b", "100%", "50%20", "what?", "a#b", "数据", "it's", "a&b=c"])
def test_a_data_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    store = open_store(Settings(data=str(tmp_path / name)))
    with store.reader_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM organisation")).scalar_one() == 1
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_database_is_for_its_owner_only(tmp_path: Path) -> None:
    open_store(Settings(data=str(tmp_path / "data"))).close()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    for path in (tmp_path / "data").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_zone_and_language_follow_the_settings_and_stay_where_none_is_given(tmp_path: Path) -> None:
    def open_with(timezone: str = "", language: str = "zh_CN") -> tuple[str, str]:
        store = open_store(Settings(data=str(tmp_path), timezone=timezone, language=language))
        store.close()
        return store.organisation.timezone, store.organisation.language

    assert open_with(timezone="Asia/Shanghai") == ("Asia/Shanghai", "zh_CN")
    assert open_with() == ("Asia/Shanghai", "zh_CN")
    assert open_with(timezone="Europe/Berlin", language="en") == ("Europe/Berlin", "en")


def test_a_folder_that_cannot_be_made_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataFolderError, match="FAULTBOX_DATA"):
        open_store(Settings(data=str(tmp_path / "file" / "data")))


def test_a_file_that_is_no_database_is_told_and_the_folder_is_free_again(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path))
    (tmp_path / "faultbox.sqlite3").write_bytes(b"these are not the bytes of a database" * 100)
    with pytest.raises(DataFolderError, match="cannot use the database"):
        open_store(settings)
    (tmp_path / "faultbox.sqlite3").unlink()
    open_store(settings).close()

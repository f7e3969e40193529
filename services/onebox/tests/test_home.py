"""What the state directory keeps is its owner's alone."""

from pathlib import Path

from onebox.home import Home


def test_logs_and_keys_are_their_owners_alone_and_of_the_rest_others_see_no_list(tmp_path: Path) -> None:
    home = Home(tmp_path / "state")
    home.logs.mkdir(parents=True, mode=0o755)
    home.create()
    modes = [folder.stat().st_mode & 0o777 for folder in (home.root, home.logs, home.keys)]
    assert modes == [0o711, 0o700, 0o700]

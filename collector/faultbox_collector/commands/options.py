"""Options that every command takes, and the settings they lead to."""

import argparse

from faultbox_collector.settings import Settings, load_settings


def add_settings_options(parser: argparse.ArgumentParser) -> None:
    """Add `--config`, `--data` and `--database`."""
    parser.add_argument("--config", metavar="FILE", help="faultbox.toml (FAULTBOX_CONFIG)")
    parser.add_argument("--data", metavar="FOLDER", help="the data folder (FAULTBOX_DATA)")
    parser.add_argument(
        "--database",
        metavar="URL",
        help="postgresql://user@host/name instead of SQLite in the data folder (FAULTBOX_DATABASE)",
    )


def settings_of(args: argparse.Namespace) -> Settings:
    """Return the settings of file, environment and the parsed options.

    Raises:
        SettingsError: one of them cannot be used.
    """
    return load_settings(args.config, options=vars(args))

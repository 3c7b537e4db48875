"""Packs: append-only files of bundles that are archive and queue at once."""

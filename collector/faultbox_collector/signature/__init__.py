"""Signatures: which crash texts and fault heads are the same fault.

Text goes one way: `lines` (clean and bound) -> `detect` (which `parsers` fire, best block wins)
-> `trace` (the neutral model) -> `selection` (meaningful frames) -> `keys` -> `engine`. Everything
here is pure: no clock, no network, no file but the word lists that travel with the package.
"""

"""Faultbox collector: takes bundles, makes them durable, signs them and opens tickets.

Two programs in one process: *intake* (`web.intake` → `inbox` → `pack`) makes bytes durable and
answers; *digest* (`digest` → `signature` → `store`) decodes, groups, counts and opens tickets.
"""

__version__ = "0.1.0"

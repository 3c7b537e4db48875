"""The agent's version, the same as of all four distributions."""

__version__ = VERSION = "0.1.0"

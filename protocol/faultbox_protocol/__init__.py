"""Faultbox wire protocol v1: what a fault report is, as records and as bytes.

Pure code: no input or output, no clock, no randomness, no logging. `codec` is the door;
`docs/protocol.md` is the specification.
"""

__version__ = "0.1.0"

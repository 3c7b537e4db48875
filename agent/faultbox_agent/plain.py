"""What a JSON or msgpack value may be, without loading the records of the wire.

The same type as `faultbox_protocol.report.Plain`; that module builds a dozen record classes,
which a watched program would pay for at every start.
"""

Scalar = str | int | float | bool | None
Plain = Scalar | bytes | list["Plain"] | dict[str, "Plain"]
PlainMap = dict[str, Plain]

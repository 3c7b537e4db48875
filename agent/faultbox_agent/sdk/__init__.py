"""The part that lives in a watched Python program: hooks in, one datagram or one file out."""

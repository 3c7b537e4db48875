"""The report code: ten characters that a customer can read out over the telephone.

The first 45 bits of the SHA-256 of the bundle id, as nine Crockford base32 characters, and a
check character (Luhn mod 32, Crockford's alphabet), which finds every single wrong character
and every swap of neighbours but one: 0Z for Z0, as Luhn's 09 for 90. Device and collector compute
the code from the id alone.
"""

import hashlib

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
_LOOKALIKES = str.maketrans("OILU", "011V")
_VALUES = {char: value for value, char in enumerate(ALPHABET)}


def report_code(bundle_id: bytes) -> str:
    """Return the report code of a bundle, as `7QJ4M-2XK9P`."""
    number = int.from_bytes(hashlib.sha256(bundle_id).digest()[:6], "big") >> 3
    body = "".join(ALPHABET[number >> shift & 31] for shift in range(40, -1, -5))
    code = body + _check_character(body)
    return f"{code[:5]}-{code[5:]}"


def parse_report_code(text: str) -> str:
    """Return a spoken or typed report code in its one written form.

    Case, spaces and hyphens do not matter, and O I L U are taken for 0 1 1 V.

    Raises:
        ValueError: wrong length, a foreign character, or a check character that does not fit.
    """
    code = "".join(text.split()).replace("-", "").upper().translate(_LOOKALIKES)
    if len(code) != LENGTH or any(char not in _VALUES for char in code):
        raise ValueError(f"a report code has {LENGTH} letters and digits, as 7QJ4M-2XK9P")
    if _check_character(code[:-1]) != code[-1]:
        raise ValueError("the report code has a wrong character: ask for it once more")
    return f"{code[:5]}-{code[5:]}"


def _check_character(body: str) -> str:
    total, factor = 0, 2
    for char in reversed(body):
        total += sum(divmod(_VALUES[char] * factor, 32))
        factor = 3 - factor
    return ALPHABET[-total % 32]

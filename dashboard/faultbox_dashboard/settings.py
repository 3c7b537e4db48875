"""What the pages need to know about this server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageSettings:
    """Given once, by the composition root."""

    server_url: str
    """Base URL as people and devices reach it, without a slash at the end."""
    first_key: str | None = None
    """Plaintext of the first ingest key, for the first-run page; None once it is gone."""
    first_product: str = "my-device"
    """Product that `first_key` belongs to."""
    secure_cookies: bool = False
    """True where people reach the pages by https."""
    default_language: str = "zh-CN"
    """For people who have chosen none and whose browser asks for none that we speak."""
    timezone: str = "UTC"
    """IANA name of the organisation's zone, for lists; a ticket names its own."""

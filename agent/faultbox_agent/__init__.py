"""Faultbox agent: notices faults on a device and files bundles.

In a Python program::

    import faultbox_agent

    faultbox_agent.install(product="gateway", version="2.3.1")

Importing this package brings the standard library's logging and json and little else.
"""

from faultbox_agent.__about__ import __version__
from faultbox_agent.sdk.hooks import install, report_exception, uninstall

__all__ = ["__version__", "install", "report_exception", "uninstall"]

"""The floor: an aiohttp handler that reads the same body and answers, and does nothing else.

Usage: bare.py PORT [CERTIFICATE KEY].
"""

import ssl
import sys

from aiohttp import web

from faultbox_protocol import api

ANSWER = b'{"receipts":[{"id":"0","sha256":"0","state":"stored"}],"now_ms":0}'


async def take(request: web.Request) -> web.Response:
    """Read the body and answer."""
    await request.read()
    return web.Response(body=ANSWER, status=202, content_type="application/json")


def main() -> None:
    """Serve until killed."""
    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_post(api.BUNDLES, take)
    tls = None
    if len(sys.argv) > 2:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(sys.argv[2], sys.argv[3])
    web.run_app(
        application,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        print=None,
        access_log=None,
        ssl_context=tls,
        backlog=512,
    )


if __name__ == "__main__":
    main()

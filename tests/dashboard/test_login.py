"""Signing in by a one-time link, and out again."""

from support.fake_desk import FakeDesk
from support.fake_site import SignIn


async def test_opening_the_link_does_not_use_it_up(stranger: SignIn, desk: FakeDesk) -> None:
    client = await stranger()
    for _ in range(3):
        answer = await client.get("/login/good-link")
        assert answer.status == 200
    assert '<form method="post">' in await answer.text()
    assert desk.links == {"good-link"}


async def test_the_button_signs_in_and_leads_to_the_signatures(stranger: SignIn) -> None:
    client = await stranger()
    answer = await client.post("/login/good-link")
    assert answer.status == 200
    assert answer.url.path == "/signatures"
    assert "desk-2" in await answer.text()


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(stranger: SignIn) -> None:
    client = await stranger()
    answer = await client.post("/login/good-link", allow_redirects=False)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


async def test_a_used_link_says_how_to_get_another(stranger: SignIn) -> None:
    client = await stranger()
    await client.post("/login/good-link", allow_redirects=False)
    answer = await client.post("/login/good-link")
    assert answer.status == 403
    assert "faultbox users login-link" in await answer.text()
    assert "Set-Cookie" not in answer.headers


async def test_signing_out_ends_the_session_on_the_server(sign_in: SignIn, desk: FakeDesk) -> None:
    client = await sign_in()
    answer = await client.post("/logout", data={"csrf": "csrf-0"}, allow_redirects=False)
    assert answer.status == 303
    assert desk.sessions == {}
    assert (await client.get("/tickets")).status == 401

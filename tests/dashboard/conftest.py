"""A dashboard over the in-memory desk, and clients that are signed in to it."""

import pytest
from pytest_aiohttp import AiohttpClient

from faultbox_dashboard.settings import PageSettings
from faultbox_dashboard.text.language import Language, load_languages
from support.fake_desk import FakeDesk
from support.fake_site import SETTINGS, Client, SignIn, build_app


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
def stranger(desk: FakeDesk, aiohttp_client: AiohttpClient) -> SignIn:
    async def open_client(settings: PageSettings = SETTINGS) -> Client:
        return await aiohttp_client(build_app(desk, settings))

    return open_client


@pytest.fixture
def sign_in(desk: FakeDesk, aiohttp_client: AiohttpClient) -> SignIn:
    async def open_client(language: str = "en", settings: PageSettings = SETTINGS) -> Client:
        cookies = {"faultbox": desk.sign_in(language)}
        return await aiohttp_client(build_app(desk, settings), cookies=cookies)

    return open_client


@pytest.fixture(scope="session")
def languages() -> dict[str, Language]:
    return load_languages()


@pytest.fixture
def chinese(languages: dict[str, Language]) -> Language:
    return languages["zh-CN"]


@pytest.fixture
def english(languages: dict[str, Language]) -> Language:
    return languages["en"]

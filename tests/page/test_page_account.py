"""The page and whoever is logged in with it, against the real server: accounts, history, memory and privacy."""

import asyncio
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, Request, expect

from tests.page.conftest import missing
from tests.page.real_server import RealServer, real_server

pytest.importorskip("pocketsphinx", reason="The embedded providers are an extra: pip install voice-server[embedded].")

AXE = Path(__file__).parents[2] / "clients" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
EMAIL, PASSWORD = "ada@example.com", "a heron at the lake"
WAIT_MS = 30_000
ERASURE_MS = 120_000
"""What is just being written is looked for again after half a minute."""
REMEMBERED_SECONDS = 60.0
SERIOUS = ("serious", "critical")


@pytest.fixture
async def real(page_files: Path, tmp_path: Path) -> AsyncIterator[RealServer]:
    # The machine may be busy; what is tested is what happens, not how fast.
    expect.set_options(timeout=WAIT_MS)
    try:
        async with real_server(tmp_path) as server:
            yield server
    finally:
        expect.set_options(timeout=None)


async def opened(browser: Browser, url: str, **options: Any) -> Page:
    """The page in a browser of its own: nobody else's cookies are in it."""
    context = await browser.new_context(locale="en-GB", **options)
    context.set_default_timeout(WAIT_MS)
    page = await context.new_page()
    await page.goto(url)
    return page


def titled(page: Page, title: str) -> Locator:
    return page.get_by_role("heading", name=title, exact=True, level=2)


def place(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="What is yours").get_by_role("link", name=name)


async def fill_log_in(page: Page, password: str = PASSWORD) -> None:
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Log in", exact=True).click()


async def log_in(page: Page) -> None:
    await page.get_by_role("link", name="Log in", exact=True).click()
    await fill_log_in(page)
    await expect(page.get_by_role("link", name="Your history, memory and privacy")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def write(page: Page, text: str) -> None:
    """One turn, until all of the answer was played."""
    await page.get_by_role("textbox", name="Write instead of talking").fill(text)
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("list", name="Conversation")).to_contain_text(text)
    await expect(page.get_by_role("status").filter(has_text="Speaking")).to_be_visible()
    await expect(page.get_by_role("status").filter(has_text="Press to talk")).to_be_visible()


async def remembered(page: Page) -> Locator:
    """What is remembered, as soon as there is something: the server does it by and by."""
    rows = page.get_by_role("list", name="What is remembered").get_by_role("listitem")
    async with asyncio.timeout(REMEMBERED_SECONDS):
        while not await rows.count():
            await place(page, "History").click()
            await expect(page.get_by_role("list", name="Your conversations")).to_be_visible()
            async with page.expect_response("**/memories*") as answer:
                await place(page, "Memory").click()
            if (await (await answer.value).json())["memories"]:
                await expect(rows.first).to_be_visible()
    return rows


async def test_from_registering_to_erasure(browser: Browser, real: RealServer, tmp_path: Path) -> None:
    page = await opened(browser, real.url)
    await page.get_by_role("link", name="Log in", exact=True).click()
    await page.get_by_role("link", name="Register").click()
    await page.get_by_label("Name").fill("Ada")
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Register").click()
    await expect(titled(page, "Look into your mail")).to_be_focused()

    await page.goto(await real.link("Confirm your e-mail address"))
    await expect(page.get_by_text("Your address is confirmed.")).to_be_visible()
    await fill_log_in(page)
    await expect(titled(page, "Account")).to_be_visible()
    await expect(page.get_by_label("Name")).to_have_value("Ada")

    await place(page, "Memory").click()
    may_remember = page.get_by_role("switch", name="Remember me")
    await expect(may_remember).not_to_be_checked()
    await may_remember.click()
    await expect(may_remember).to_be_checked()
    await expect(page.get_by_text("You said yes on")).to_be_visible()
    await page.get_by_role("button", name="Close").click()

    await write(page, "My name is Ada, and I am allergic to peanuts.")
    await write(page, "What is the square root of 144?")
    await page.get_by_role("button", name="New conversation").click()
    await expect(page.get_by_role("list", name="Conversation")).to_have_count(0)
    await write(page, "What is five plus seven?")
    await page.get_by_role("button", name="New conversation").click()

    await it_is_in_the_history(page)
    await it_is_remembered_corrected_and_forgotten(page)
    await everything_is_taken_along(page, tmp_path)
    await everything_is_erased(page, real, tmp_path)
    await page.get_by_role("button", name="Close").click()
    await page.get_by_role("link", name="Log in", exact=True).click()
    await fill_log_in(page)
    await expect(page.get_by_role("alert").filter(has_text="The address or the password is wrong")).to_be_visible()


async def it_is_in_the_history(page: Page) -> None:
    await page.get_by_role("link", name="Your history, memory and privacy").click()
    listed = page.get_by_role("list", name="Your conversations").get_by_role("listitem")
    await expect(listed).to_have_count(2)
    await expect(listed.nth(0)).to_contain_text("What is five plus seven?")
    await expect(listed.nth(1)).to_contain_text("Galion")
    await expect(listed.nth(1)).to_contain_text("My name is Ada, and I am allergic to peanuts.")

    await page.get_by_role("searchbox", name="Search in what was said").fill("square root")
    await page.keyboard.press("Enter")
    found = page.get_by_role("list", name="Conversations with “square root”").get_by_role("listitem")
    await expect(found).to_have_count(1)
    await expect(found.locator("mark").first).to_have_text("square")
    await page.reload()
    await expect(found).to_have_count(1)
    await expect(page.get_by_role("searchbox")).to_have_value("square root")

    await found.get_by_role("link").click()
    said = page.get_by_role("list", name="What was said").get_by_role("listitem")
    await expect(said.nth(0)).to_contain_text("You")
    await expect(said.nth(1)).to_contain_text("Nice to meet you, Ada.")
    await expect(said.nth(3)).to_contain_text("12")
    await expect(said.nth(0).locator("time")).to_be_visible()
    await expect(said.nth(2)).to_contain_text("Answered in")

    await place(page, "History").click()
    await listed.nth(0).get_by_role("link").click()
    await page.get_by_role("button", name="Delete this conversation").click()
    await page.get_by_role("button", name="Keep").click()
    await expect(page.get_by_role("button", name="Delete this conversation")).to_be_focused()
    await page.get_by_role("button", name="Delete this conversation").click()
    await page.get_by_role("button", name="Delete it").click()
    await expect(page.get_by_text("The conversation was deleted.")).to_be_visible()
    await expect(listed).to_have_count(1)


async def it_is_remembered_corrected_and_forgotten(page: Page) -> None:
    rows = await remembered(page)
    allergy = rows.filter(has_text="Allergy")
    await expect(allergy).to_contain_text("peanuts")
    await expect(allergy).to_contain_text("You said so")
    await expect(allergy.get_by_role("link", name="the conversation")).to_be_visible()
    await allergy.get_by_role("button", name="Correct").click()
    await page.get_by_label("Allergy", exact=True).fill("")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Write what is right")).to_be_visible()
    await page.get_by_label("Allergy", exact=True).fill("hazelnuts")
    await page.keyboard.press("Enter")
    await expect(allergy).to_contain_text("hazelnuts")
    await expect(allergy).to_contain_text("You set it right")
    await page.reload()
    await expect(allergy).to_contain_text("hazelnuts")
    await allergy.get_by_role("button", name="Forget").click()
    await page.get_by_role("button", name="Forget it").click()
    await expect(page.get_by_text("It was forgotten.")).to_be_visible()
    await expect(allergy).to_have_count(0)
    await expect(rows.filter(has_text="Ada")).to_have_count(1)


async def everything_is_taken_along(page: Page, folder: Path) -> None:
    await place(page, "Privacy").click()
    marketing = page.get_by_role("switch", name="Tell me of offers and news")
    await marketing.click()
    await expect(marketing).to_be_checked()
    no_sale = page.get_by_role("switch", name="Do not sell or share")
    await expect(no_sale).to_be_checked()
    await no_sale.click()
    await expect(no_sale).not_to_be_checked()
    await no_sale.click()
    await expect(no_sale).to_be_checked()
    await page.get_by_role("button", name="Put it together").click()
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Download").click()
    path = folder / "export.zip"
    await (await downloading.value).save_as(path)
    with zipfile.ZipFile(path) as archive:
        assert b"square root of 144" in archive.read("items.json")
        answers = {each["purpose"]: each["granted"] for each in json.loads(archive.read("consents.json"))}
    assert answers == {"memory": True, "marketing": True, "sale": False}
    await page.reload()
    await expect(page.get_by_role("link", name="Download")).to_be_visible()


async def everything_is_erased(page: Page, real: RealServer, folder: Path) -> None:
    word = page.get_by_label("Type “erase” to confirm")
    await page.get_by_role("button", name="Erase everything").click()
    await expect(word).to_be_focused()
    await expect(word).to_have_attribute("aria-invalid", "true")
    await word.fill("erase")
    await page.get_by_role("button", name="Erase everything").click()
    await expect(titled(page, "Erasure")).to_be_visible()
    await page.reload()
    await expect(page.get_by_text("Everything was erased on")).to_be_visible(timeout=ERASURE_MS)
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Download the receipt").click()
    path = folder / "receipt.json"
    await (await downloading.value).save_as(path)
    receipt = json.loads(path.read_text())
    assert receipt["claims"]["erased"]["postgres"]["conversations"] == 1
    verified = await page.request.get(f"{real.url}api/v1/gdpr/receipts/verify?receipt={receipt['receipt']}")
    assert (await verified.json())["claims"] == receipt["claims"]


async def test_a_reload_keeps_the_session_and_logging_out_everywhere_ends_it(
    browser: Browser, real: RealServer
) -> None:
    await real.register(EMAIL, PASSWORD)
    here, there = await opened(browser, real.url), await opened(browser, real.url)
    for page in (here, there):
        await log_in(page)
    stored = "JSON.stringify([{...localStorage}, {...sessionStorage}])"
    assert "eyJ" not in await here.evaluate(stored)

    refreshed: list[str] = []

    def note(request: Request) -> None:
        if request.url.endswith("/auth/refresh"):
            refreshed.append(request.url)

    here.on("request", note)
    await here.goto(f"{real.url}#privacy")
    await here.reload()
    await expect(here.get_by_role("switch")).to_have_count(6)
    await expect(here.get_by_role("button", name="Put it together")).to_be_visible()
    assert len(refreshed) == 1, "several requests at once, of which each needs a token"

    await there.get_by_role("link", name="Your history, memory and privacy").click()
    await expect(there.get_by_text("Nothing yet.")).to_be_visible()
    await place(there, "Account").click()
    await there.get_by_label("Name").fill("Countess")

    await place(here, "Account").click()
    await here.get_by_role("button", name="Log out everywhere").click()
    await here.get_by_role("group").get_by_role("button", name="Log out everywhere").click()
    await expect(here.get_by_role("link", name="Log in", exact=True)).to_be_visible()
    await here.reload()
    await expect(here.get_by_role("link", name="Log in", exact=True)).to_be_visible()

    await there.get_by_role("button", name="Save").click()
    await expect(there.get_by_text("Your session has ended. Log in again; what is on this page stays.")).to_be_visible()
    await fill_log_in(there)
    await expect(there.get_by_label("Name")).to_have_value("Countess")
    await there.get_by_role("button", name="Save").click()
    await expect(there.get_by_text("Saved.")).to_be_visible()


async def test_a_conversation_goes_on_as_that_of_whoever_logs_in_and_goes_with_them(
    browser: Browser, real: RealServer
) -> None:
    await real.register(EMAIL, PASSWORD)
    page = await opened(browser, real.url)
    await write(page, "What is the square root of 144?")
    await log_in(page)
    await expect(page.get_by_role("list", name="Conversation")).to_contain_text("144")
    await write(page, "What is five plus seven?")
    await page.reload()
    await expect(page.get_by_role("list", name="Conversation")).to_contain_text("five plus seven")
    await page.get_by_role("textbox", name="Write instead of talking").fill("Tell me about the element carbon.")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("status").filter(has_text="Speaking")).to_be_visible()
    await expect(page.get_by_role("list", name="Conversation")).to_contain_text("Carbon is")
    await page.get_by_role("button", name="Stop speaking").click()
    await expect(page.get_by_role("list", name="Conversation").locator(".unheard")).to_be_visible()
    await page.get_by_role("link", name="Your history, memory and privacy").click()
    listed = page.get_by_role("list", name="Your conversations").get_by_role("listitem")
    await expect(listed).to_have_count(1)
    await listed.get_by_role("link").click()
    said = page.get_by_role("list", name="What was said")
    await expect(said).to_contain_text("What is the square root of 144?")
    await expect(said).to_contain_text("What is five plus seven?")
    await expect(said).to_contain_text("Interrupted: what is struck through was not heard.")
    await expect(said.locator(".unheard")).not_to_be_empty()
    await place(page, "Account").click()
    await page.get_by_role("button", name="Log out", exact=True).click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("list", name="Conversation")).to_have_count(0)
    await expect(page.get_by_role("heading", name="Say something.")).to_be_visible()


async def test_problems_are_said_beside_the_field_and_a_forgotten_password_is_set_anew(
    browser: Browser, real: RealServer
) -> None:
    await real.register(EMAIL, PASSWORD)
    page = await opened(browser, f"{real.url}#register")
    email, password = page.get_by_label("E-mail"), page.get_by_label("Password")
    await page.get_by_role("button", name="Register").click()
    await expect(email).to_be_focused()
    await expect(email).to_have_accessible_description("Write your e-mail address.")
    await email.fill("nobody")
    await password.fill("too short")
    await page.get_by_role("button", name="Register").click()
    await expect(email).to_have_accessible_description("email: write an address such as name@example.com.")
    await email.fill(EMAIL)
    await password.fill("password1234")
    await page.get_by_role("button", name="Register").click()
    await expect(password).to_be_focused()
    await expect(page.get_by_text("one of the first that anybody would try")).to_be_visible()

    await page.get_by_role("link", name="I have an account").click()
    await page.get_by_role("link", name="Forgot the password?").click()
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_role("button", name="Send the letter").click()
    await expect(titled(page, "Look into your mail")).to_be_visible()
    link = await real.link("Set a new password")
    await page.goto(link)
    await page.get_by_role("textbox", name="New password").fill("another heron elsewhere")
    await page.get_by_role("button", name="Set it").click()
    await expect(page.get_by_text("The new password is set")).to_be_visible()
    await fill_log_in(page, "another heron elsewhere")
    await expect(titled(page, "Account")).to_be_visible()
    await page.goto(link)
    await page.get_by_role("textbox", name="New password").fill("one more heron there")
    await page.get_by_role("button", name="Set it").click()
    await expect(page.get_by_role("alert").filter(has_text="This link has expired")).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_nothing_stands_in_anybodys_way(browser: Browser, real: RealServer, scheme: str, width: int) -> None:
    if not AXE.exists():
        missing("axe-core is not installed: run `npm ci` in clients/browser.")
    await real.register(EMAIL, PASSWORD, "Ada")
    screen: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    page = await opened(browser, real.url, reduced_motion="reduce", **screen)
    await page.evaluate(AXE.read_text())
    await expect(page.get_by_role("link", name="Log in", exact=True)).to_be_visible()
    assert await violations(page) == []
    for title, link in (("Log in", "Log in"), ("Set a new password", "Forgot the password?")):
        await page.get_by_role("link", name=link, exact=True).click()
        await expect(titled(page, title)).to_be_visible()
        assert await violations(page) == [], title
    await page.get_by_role("link", name="Back to the log-in").click()
    await page.get_by_role("button", name="Log in", exact=True).click()
    assert await violations(page) == [], "with a problem"
    await page.get_by_role("link", name="Register").click()
    await expect(titled(page, "Register")).to_be_visible()
    assert await violations(page) == [], "Register"
    await page.get_by_role("button", name="Close").click()
    await log_in(page)
    await write(page, "What is the square root of 144?")
    await page.get_by_role("link", name="Your history, memory and privacy").click()
    await page.get_by_role("list", name="Your conversations").get_by_role("link").click()
    await page.get_by_role("button", name="Delete this conversation").click()
    assert await violations(page) == [], "one conversation"
    for name in ("History", "Memory", "Privacy", "Account"):
        async with page.expect_response(lambda answer: "/api/v1/" in answer.url and answer.ok):
            await place(page, name).click()
        await expect(titled(page, name)).to_be_focused()
        await expect(page.get_by_role("dialog").get_by_text("Loading…")).to_have_count(0)
        assert await violations(page) == [], name
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("link", name="Your history, memory and privacy")).to_be_focused()


async def violations(page: Page) -> list[str]:
    """What axe-core holds to be serious, and where."""
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['html']} {node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]

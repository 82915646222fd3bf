"""The page and the real server: lists longer than one answer, an erasure that is called off, a browser that asks for
privacy, and tenants' own pages.
"""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from uuid import UUID

from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.page.real_server import RealServer
from tests.page.test_page_account import EMAIL, PASSWORD, fill_log_in, log_in, opened, place, real, titled, write
from voice_server.auth import DEFAULT_TENANT, CustomerIdentity
from voice_server.customers.customers import Customers
from voice_server.memory.memories import Learned, Memories
from voice_server.privacy.consents import Consents

__all__ = ["real"]

SAID = [f"This is number {number}." for number in range(1, 6)]
NO_SALE = "Do not sell or share"


async def account_of(real: RealServer, email: str = EMAIL) -> UUID:
    async with real.database() as database, database.everyone() as connection:
        found = await connection.fetchval("SELECT id FROM accounts WHERE email = $1", email)
        assert isinstance(found, UUID)
        return found


async def small_pages(page: Page, path: str, limit: int) -> None:
    """The server is asked for so few at once."""

    async def ask(route: Route) -> None:
        address = route.request.url
        await route.continue_(url=f"{address}{'&' if '?' in address else '?'}limit={limit}")

    await page.route(path, ask)


async def all_of(page: Page, rows: Locator, action: str, counts: list[int]) -> list[str]:
    """Asks for more until there is no more; each time the first that came has the focus."""
    more = page.get_by_role("dialog").get_by_role("button", name=action)
    for before, after in pairwise(counts):
        await expect(rows).to_have_count(before)
        await more.click()
        await expect(rows).to_have_count(after)
        first = rows.nth(before)
        await expect(first.locator(":focus").or_(first.and_(page.locator(":focus")))).to_have_count(1)
    await expect(more).to_have_count(0)
    return [await row.inner_text() for row in await rows.all()]


async def test_what_is_longer_than_one_answer_is_read_to_its_end(browser: Browser, real: RealServer) -> None:
    await real.register(EMAIL, PASSWORD)
    await real.talk(SAID, EMAIL, PASSWORD)
    async with real.database() as database:
        identity = CustomerIdentity("account", str(await account_of(real)))
        customer_id = await Customers(database).recognise(DEFAULT_TENANT, [identity])
        now = datetime.now(UTC)
        studied = [Learned("studied", f"field {number}", 1.0, "said", now) for number in range(7)]
        await Memories(database).learn(DEFAULT_TENANT, customer_id, studied)
    page = await opened(browser, real.url)
    await log_in(page)
    await small_pages(page, "**/api/v1/conversations?*", 2)
    await small_pages(page, "**/api/v1/users/me/memories*", 3)

    await page.get_by_role("link", name="Your history, memory and privacy").click()
    rows = page.get_by_role("list", name="Your conversations").get_by_role("listitem")
    listed = await all_of(page, rows, "Show older ones", [2, 4, 5])
    assert [text for said in reversed(SAID) for text in listed if said in text] == listed

    await page.get_by_role("searchbox").fill("number")
    await page.keyboard.press("Enter")
    found = page.get_by_role("list", name="Conversations with “number”").get_by_role("listitem")
    await all_of(page, found, "Show older ones", [2, 4, 5])
    links = [await link.get_attribute("href") for link in await found.get_by_role("link").all()]
    assert len(set(links)) == len(SAID)

    await place(page, "Memory").click()
    remembered = page.get_by_role("list", name="What is remembered").get_by_role("listitem")
    texts = await all_of(page, remembered, "Show more", [3, 6, 7])
    assert sorted(text for text in texts for number in range(7) if f"field {number}" in text) == sorted(texts)
    await remembered.nth(6).get_by_role("button", name="Forget").click()
    await page.get_by_role("button", name="Forget it").click()
    await expect(remembered).to_have_count(6)


async def test_a_long_conversation_is_read_to_its_end(browser: Browser, real: RealServer) -> None:
    await real.register(EMAIL, PASSWORD)
    page = await opened(browser, real.url)
    await log_in(page)
    for question in ("What is the square root of 144?", "What is five plus seven?"):
        await write(page, question)
    await small_pages(page, "**/api/v1/conversations/conv_*", 3)
    await page.get_by_role("link", name="Your history, memory and privacy").click()
    await page.get_by_role("list", name="Your conversations").get_by_role("link").click()
    said = page.get_by_role("list", name="What was said").get_by_role("listitem")
    await expect(said.nth(1)).to_contain_text("12")
    action = page.get_by_role("button", name="Show what was said then")
    while await action.count():
        before = await said.count()
        await action.click()
        await expect(said.nth(before)).to_be_focused()
    await expect(said.filter(has_text="What is five plus seven?")).to_have_count(1)
    await expect(said.last).to_contain_text("12")


async def test_an_erasure_is_called_off(browser: Browser, real: RealServer, tmp_path: Path) -> None:
    await real.configure(erasure_grace_days=7)
    await real.register(EMAIL, PASSWORD)
    await real.talk(SAID[:1], EMAIL, PASSWORD)
    page = await opened(browser, real.url)
    await log_in(page)
    for time in range(2):
        await page.goto(f"{real.url}#privacy")
        await page.get_by_label("Type “erase” to confirm").fill("erase")
        await page.get_by_role("button", name="Erase everything").click()
        await expect(page.get_by_text("Until then you can call it off.")).to_be_visible()
        await page.reload()
        await expect(page.get_by_text("Until then you can call it off.")).to_be_visible()
        receipt = await page.get_by_role("link", name="the receipt").get_attribute("href")
        if time == 0:
            elsewhere = await opened(browser, f"{real.url}#privacy")
            await fill_log_in(elsewhere)
            await expect(elsewhere.get_by_text("Until then you can call it off.")).to_be_visible()
            await expect(elsewhere.get_by_role("link", name="the receipt")).to_have_count(0)
            await elsewhere.goto(f"{real.url}{receipt}")
            await expect(elsewhere.get_by_text("Everything is erased on")).to_be_visible()
        await page.get_by_role("button", name="Call it off").click()
        await expect(page.get_by_text("Called off: your account stays, and everything in it.")).to_be_focused()
        await expect(page.get_by_label("Type “erase” to confirm")).to_be_visible()
    await expect(elsewhere.get_by_text("This erasure was called off.")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("button", name="Erase everything")).to_be_visible()
    await place(page, "History").click()
    await expect(page.get_by_role("list", name="Your conversations")).to_contain_text(SAID[0])


async def test_it_is_too_late_to_call_off_an_erasure_that_has_begun(browser: Browser, real: RealServer) -> None:
    await real.configure(erasure_grace_days=7)
    await real.register(EMAIL, PASSWORD)
    page = await opened(browser, real.url)
    await log_in(page)
    await page.goto(f"{real.url}#privacy")
    await page.get_by_label("Type “erase” to confirm").fill("erase")
    await page.get_by_role("button", name="Erase everything").click()
    await expect(page.get_by_text("Until then you can call it off.")).to_be_visible()
    receipt = await page.get_by_role("link", name="the receipt").get_attribute("href")

    async def late(route: Route) -> None:
        async with real.database() as database, database.everyone() as connection:
            await connection.execute("UPDATE privacy_jobs SET state = 'running'")
        await route.continue_()

    await page.route("**/api/v1/gdpr/jobs/*", late)
    await page.get_by_role("button", name="Call it off").click()
    await expect(page.get_by_role("alert").filter(has_text="It is too late")).to_be_visible()
    await page.goto(f"{real.url}{receipt}")
    await expect(titled(page, "Erasure")).to_be_visible()


async def test_a_browser_that_asks_for_privacy_has_it_at_once(browser: Browser, real: RealServer) -> None:
    await real.register(EMAIL, PASSWORD)
    account_id = await account_of(real)
    plain = await opened(browser, f"{real.url}#privacy")
    await fill_log_in(plain)
    switch = plain.get_by_role("switch", name=NO_SALE)
    await switch.click()
    await expect(switch).not_to_be_checked()
    async with real.database() as database:
        assert await Consents(database).may(DEFAULT_TENANT, "sale", account_id=account_id)
        page = await opened(browser, "about:blank", extra_http_headers={"Sec-GPC": "1"})
        await page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
        await page.goto(real.url)
        async with page.expect_response(lambda answer: "authorization" in answer.request.headers):
            await log_in(page)
        assert not await Consents(database).may(DEFAULT_TENANT, "sale", account_id=account_id)
    await page.goto(f"{real.url}#privacy")
    switch = page.get_by_role("switch", name=NO_SALE)
    await expect(switch).to_be_checked()
    honoured = "Your browser asks for it (Global Privacy Control), and it is honoured."
    await expect(page.get_by_text(honoured)).to_be_visible()
    await switch.click()
    await expect(page.get_by_role("alert").filter(has_text="Your browser says for you")).to_be_visible()
    await expect(switch).to_be_checked()
    await plain.reload()
    await expect(plain.get_by_role("switch", name=NO_SALE)).to_be_checked()
    await expect(plain.get_by_text("Global Privacy Control")).to_have_count(0)


async def test_customers_of_a_tenant_reach_their_account_at_its_page(browser: Browser, real: RealServer) -> None:
    assistant = {"name": "lyo", "languages": ["en"]}
    await real.found("acme", "Acme", assistant=assistant)
    page = await opened(browser, f"{real.url}?tenant=acme#register")
    await expect(page.get_by_text("Your account with acme")).to_be_visible()
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Register").click()
    link = await real.link("Confirm your e-mail address")
    assert link.startswith(f"{real.url}?tenant=acme#verify=")
    await page.goto(link)
    await fill_log_in(page)
    await expect(titled(page, "Account")).to_be_visible()
    await page.get_by_role("button", name="Close").click()
    await write(page, "What is the square root of 144?")
    async with real.database() as database, database.everyone() as connection:
        slugs = await connection.fetch(
            "SELECT slug FROM conversations JOIN tenants ON tenants.id = tenant_id WHERE customer_id IS NOT NULL"
        )
        assert [row["slug"] for row in slugs] == ["acme"]

    # The same person, at the server's own page: another place, in the same browser.
    await page.goto(real.url)
    await log_in(page)
    await page.get_by_role("link", name="Your history, memory and privacy").click()
    await expect(page.get_by_text("Nothing yet.")).to_be_visible()
    await place(page, "Account").click()
    await page.get_by_role("button", name="Log out", exact=True).click()
    await expect(page.get_by_role("link", name="Log in", exact=True)).to_be_visible()
    await page.goto(f"{real.url}?tenant=acme#history")
    listed = page.get_by_role("list", name="Your conversations").get_by_role("listitem")
    await expect(listed).to_have_count(1)

    await place(page, "Account").click()
    await page.get_by_role("button", name="Log out", exact=True).click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.goto(f"{real.url}?tenant=acme#forgot")
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_role("button", name="Send the letter").click()
    assert (await real.link("Set a new password")).startswith(f"{real.url}?tenant=acme#reset=")

    await page.goto(f"{real.url}?tenant=nowhere#log-in")
    await fill_log_in(page)
    await expect(page.get_by_role("alert").filter(has_text="There is no tenant nowhere.")).to_be_visible()

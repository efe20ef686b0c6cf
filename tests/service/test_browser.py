"""A person with a browser joins by the site's own form, confirms, leaves; by keyboard alone, without JavaScript."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from pipeline.digests import Pace
from pipeline.letters import Guise
from pipeline.store.tables import subscribers
from pipeline.subscribers.choices import Choices, opened
from pipeline.subscribers.sealing import Sealer
from pipeline.web import preview
from tests.service.people import unsubscribe_path
from tests.service.world import SITE, World, path_of, running, served
from tests.site_fixture.building import build

READER = "reader@lists.example.com"
AWAY = "https://www.bbc.co.uk/weather"


@dataclass
class Here:
    """Site, mailbox and list side by side, as `make serve` shows them, and a person in front of them."""

    world: World
    url: str
    page: Page

    def mail(self) -> EmailMessage:
        """Wait for a mail."""
        for _ in range(200):
            if mails := self.world.mails():
                return mails[0]
            time.sleep(0.1)
        raise AssertionError("no mail came")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def tab_to_field(self, name: str) -> None:
        """Press Tab until a field of that name has the focus."""
        for _ in range(40):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("document.activeElement.name") == name:
                return
        raise AssertionError(f"{name} cannot be reached by keyboard")

    def chosen(self) -> Choices:
        """Read what the one person on the list chose."""
        with self.world.project.engine.connect() as connection:
            row = connection.execute(sa.select(subscribers)).one()
        return opened(row.choices, Sealer(self.world.project.keyring), row=row.id)

    def tab_to(self, name: str) -> None:
        """Press Tab until something of that name has the focus."""
        for _ in range(40):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("document.activeElement.textContent.trim()") == name:
                return
        raise AssertionError(f"{name} cannot be reached by keyboard")


@pytest.fixture
def here(chromium: Browser, tmp_path: Path) -> Iterator[Here]:
    """Everything beside each other, in a browser without JavaScript."""
    manifest = tmp_path / "var" / "build" / "posts.json"
    build(tmp_path / "output", as_listed=True, SITEURL=SITE, MANIFEST_PATH=str(manifest))
    with running(tmp_path, pause=(0.05, 0.1)) as world:
        service = type(world.made)(world.project, beside_site=True, pause=(0.05, 0.1)).service
        app = preview.application(
            site=tmp_path / "output",
            site_url=SITE,
            mailbox=tmp_path / "var" / "mail",
            service=service.application(),
            service_path="/list",
        )
        with served(app) as url:
            # Evaluating is the test's own business and works all the same; the pages run nothing.
            context: BrowserContext = chromium.new_context(
                java_script_enabled=False, viewport={"width": 320, "height": 640}
            )
            page = context.new_page()
            page.set_default_timeout(20_000)
            yield Here(world=world, url=url, page=page)
            context.close()


def test_a_person_joins_confirms_and_leaves_by_keyboard_alone(here: Here) -> None:
    page = here.page
    page.goto(f"{here.url}/subscribe/")
    page.locator("#Address").focus()
    page.keyboard.type(READER)
    here.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    page.goto(here.url + path_of(here.mail()))
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm")
    here.tab_to("Yes, send me the letters")
    here.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are on the list")
    page.goto(here.url + unsubscribe_path(here.world, READER))
    here.tab_to("Leave the list")
    here.press("Space")
    expect(page.get_by_role("heading", level=1)).to_have_text("You have left")
    assert here.world.states()[0][0].value == "unsubscribed"
    assert page.context.cookies() == []


def test_the_form_of_a_spanish_post_leads_on_in_spanish(here: Here) -> None:
    page = here.page
    page.goto(f"{here.url}/es/en-otra-lengua/")
    page.get_by_label("Tu dirección de correo electrónico").fill(READER)
    page.get_by_role("button", name="Suscribirme").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mira en tu buzón")
    page.goto(f"{here.url}{path_of(here.mail())}?lang=es")
    page.get_by_role("button", name="Sí, envíame las cartas").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ya estás en la lista")
    assert here.world.states()[0][0].value == "confirmed"


def test_a_person_joins_discreetly_chooses_and_leaves_by_keyboard_alone(here: Here) -> None:
    page = here.page
    page.goto(f"{here.url}/subscribe/")
    page.locator("#Address").focus()
    page.keyboard.type(READER)
    here.press("Enter")
    page.goto(here.url + path_of(here.mail()))
    here.tab_to_field("discreet")
    here.press("Space")
    here.tab_to("Yes, send me the letters")
    here.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are on the list")
    assert here.chosen() == Choices(guise=Guise.DISCREET)

    here.tab_to("Choose how letters come")
    here.press("Enter")
    page.locator("#Address").focus()
    page.keyboard.type(READER)
    here.world.clock.sleep(2)
    here.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    page.goto(here.url + path_of(here.mail()))
    expect(page.get_by_text("Discreet")).to_have_count(0)
    here.tab_to("Show what I chose")
    here.press("Enter")
    expect(page.get_by_label("Discreet letters")).to_be_checked()
    here.tab_to_field("pace")
    here.press("ArrowDown")
    here.tab_to_field("guise")
    here.press("ArrowDown")
    here.tab_to_field("text")
    here.press("Space")
    here.tab_to("Save")
    here.press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    saved = here.chosen()
    assert (saved.guise, saved.text, saved.pace_at(here.world.clock())) == (Guise.NOTICE, True, Pace.WEEKLY)
    for name in ("Once a week", "A notice only", "Plain text only"):
        expect(page.get_by_label(name, exact=True)).to_be_checked()

    page.goto(here.url + unsubscribe_path(here.world, READER))
    here.tab_to("Leave the list")
    here.press("Space")
    expect(page.get_by_role("heading", level=1)).to_have_text("You have left")
    assert here.chosen() == Choices()
    assert page.context.cookies() == []


def test_the_mail_in_the_local_mailbox_leads_to_the_local_button(here: Here) -> None:
    here.world.join(READER)
    here.mail()
    page = here.page
    page.goto(f"{here.url}/_mail/")
    page.get_by_role("link", name=READER).click()
    link = page.frame_locator("iframe >> nth=0").get_by_role("link", name="Go to the page with the button")
    with page.context.expect_page() as opened:
        link.click()
    expect(opened.value.get_by_role("button")).to_have_text("Yes, send me the letters")
    assert opened.value.url.startswith(here.url)


def test_a_person_sees_what_is_stored_and_erases_it(here: Here) -> None:
    here.world.join(READER)
    here.world.client.post(path_of(here.mail()))
    page = here.page
    page.goto(f"{here.url}/list/rights")
    page.wait_for_timeout(1_600)  # as a person takes to read
    page.locator("#Address").fill(READER)
    here.world.clock.sleep(2)
    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    path = path_of(here.mail())
    page.goto(here.url + path)
    page.get_by_role("button", name="Show everything").click()
    expect(page.get_by_text(READER)).to_be_visible()
    page.goto(here.url + path)
    page.get_by_role("button", name="Forget me entirely").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Erased")
    assert here.world.states() == []


def leading_away(page: Page) -> None:
    """Put another page in the place of the one that the way out leads to."""
    page.route(
        f"{AWAY}*", lambda route: route.fulfill(body="<title>Weather</title>", content_type="text/html")
    )


def test_every_page_of_the_list_has_a_way_out_that_needs_no_script(here: Here) -> None:
    page = here.page
    leading_away(page)
    here.world.join(READER)
    for path in ("/list/subscribe", path_of(here.mail()), "/list/unsubscribe/x", "/list/nothing"):
        page.goto(here.url + path)
        page.get_by_role("link", name="Exit this page at once, to the weather").click()
        page.wait_for_url(AWAY)


def test_shift_three_times_leads_away_from_a_page_of_the_list_and_back_does_not_return(
    chromium: Browser, here: Here
) -> None:
    here.world.join(READER)
    context = chromium.new_context()
    page = context.new_page()
    leading_away(page)
    page.goto(f"{here.url}/")
    page.goto(here.url + path_of(here.mail()))
    for _ in range(3):
        page.keyboard.press("Shift")
    page.wait_for_url(AWAY)
    page.go_back()
    assert page.url == f"{here.url}/"
    context.close()


def looked_at(page: Page) -> list[str]:
    """Say what is wrong with a page as it is now."""
    page.wait_for_load_state("load")
    found = page.evaluate("axe.run()")["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth")
    return [f"{page.url}: {one['id']}: {one['help']}" for one in found] + [f"{page.url} is {wide} wide"] * (
        wide > 320
    )


def test_axe_finds_nothing_on_any_page(chromium: Browser, here: Here, axe: str) -> None:
    world = here.world
    world.join(READER)
    confirm = path_of(here.mail())
    world.client.post(confirm)
    world.client.post("/list/rights", data={"email": READER})
    rights = path_of(here.mail())
    world.client.post("/list/preferences", data={"email": READER})
    preferences = path_of(here.mail())
    world.client.post(preferences, data={"do": "move", "email": "other@lists.example.com"})
    moving = path_of(here.mail())
    paths = [
        "/list/preferences",
        preferences,
        moving,
        "/list/subscribe",
        confirm,
        unsubscribe_path(world, READER),
        "/list/rights",
        rights,
        "/list/nothing",
    ]
    context = chromium.new_context(viewport={"width": 320, "height": 640}, bypass_csp=True)
    context.add_init_script(axe)
    for scheme in ("light", "dark"):
        page = context.new_page()
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        problems: list[str] = []
        for path in paths:
            page.goto(here.url + path)
            problems += looked_at(page)
        page.goto(here.url + rights)
        with page.expect_navigation():
            page.get_by_role("button", name="Show everything").click()
        problems += looked_at(page)
        page.goto(here.url + preferences)
        with page.expect_navigation():
            page.get_by_role("button", name="Show what I chose").click()
        problems += looked_at(page)
        page.locator("form").first.evaluate("form => { form.noValidate = true }")
        page.locator("#pause").fill("2020-01-01")
        with page.expect_navigation():
            page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_be_visible()
        problems += looked_at(page)
        page.goto(f"{here.url}/list/subscribe")
        page.locator("form").evaluate("form => { form.noValidate = true }")
        with page.expect_navigation():
            page.get_by_role("button", name="Subscribe").click()
        expect(page.get_by_role("alert")).to_be_visible()
        problems += looked_at(page)
        page.close()
        assert problems == []
    context.close()


def test_nothing_is_fetched_from_anywhere_else(here: Here) -> None:
    asked: list[str] = []
    here.page.on("request", lambda request: asked.append(request.url))
    for path in ("/list/subscribe", "/list/rights", "/list/unsubscribe/x"):
        here.page.goto(here.url + path)
    assert asked
    assert all(url.startswith(f"{here.url}/") for url in asked)

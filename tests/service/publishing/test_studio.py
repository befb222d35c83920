"""The pages for creators, in a real browser: by mouse, by keyboard alone, on a phone, and for a screen reader."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.needs import needs
from tests.service.publishing.creators import CHECKED_WITHIN_S, Creator, new_creator
from tests.service.publishing.edges import Edge
from tests.service.running import wait_until

pytestmark = pytest.mark.browser

Audio = Callable[[str], Path]
CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parent / "clients" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = [400, 1280]
PASSWORD = "a long password"
CHECKED_MS = CHECKED_WITHIN_S * 1000
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """On a folder: a page looks the same whatever lies behind it."""
    from tests.service.publishing.edges import start_edge
    from tests.service.running import folder_place

    folder = tmp_path_factory.mktemp("studio")
    with start_edge(folder / "data", folder_place(folder)) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    needs("chromium", "npm")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages; what a browser complains of in its console fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opening(width: int, scheme: str = "light") -> Page:
        scheme_named: Any = scheme
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme_named)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield opening
    for context in contexts:
        context.close()
    expected = ("status of 4", "status of 5")
    assert [text for text in complaints if not any(one in text for one in expected)] == []


def sign_up(page: Page, edge: Edge) -> str:
    name = f"w{uuid.uuid4().hex[:10]}"
    page.goto(f"{edge.url}/")
    page.get_by_role("link", name="Make an account").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", name="Your shows")).to_be_visible()
    return name


def make_show(page: Page, title: str) -> None:
    page.get_by_role("link", name="New show").click()
    page.get_by_label("Title").fill(title)
    page.get_by_label("Description").fill("About the sea.")
    page.get_by_label("Category").select_option("Science / Physics")
    page.get_by_role("button", name="Make the show").click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()


def upload(page: Page, file: Path) -> None:
    page.locator("#file").set_input_files(file)
    page.get_by_role("button", name="Upload", exact=True).click()


def check_with_axe(page: Page) -> None:
    """No finding of consequence, and nothing that needs scrolling sideways."""
    found = page.context.new_cdp_session(page).send(
        "Runtime.evaluate",
        {
            "expression": AXE.read_text() + ";axe.run().then(r => JSON.stringify(r.violations.map(v =>"
            " [v.impact, v.id, v.nodes.map(n => n.target.join()).join(' | ')])))",
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    assert found["result"]["value"] == "[]", found["result"]["value"]
    width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width[0] <= width[1], f"{page.url} is wider than the screen"


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_creator_publishes(
    edge: Edge, open_page: Callable[..., Page], audio: Audio, tmp_path: Path, width: int, scheme: str
) -> None:
    page = open_page(width, scheme)
    sign_up(page, edge)
    check_with_axe(page)
    page.get_by_role("link", name="New show").click()
    check_with_axe(page)
    page.go_back()
    title = f"Tides {uuid.uuid4().hex[:6]}"
    make_show(page, title)
    check_with_axe(page)
    page.get_by_label("Title of a new episode").fill("The first tide 🌊")
    page.get_by_role("button", name="New episode").click()
    cut = tmp_path / "cut.mp3"
    cut.write_bytes(audio("tone.mp3").read_bytes()[:60_000])
    upload(page, cut)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The file is cut: its header promises", timeout=CHECKED_MS)
    check_with_axe(page)
    upload(page, audio("tone.mp3"))
    expect(page.get_by_text("tone.mp3 is fine")).to_be_visible(timeout=CHECKED_MS)
    page.get_by_role("button", name="Publish now").click()
    expect(page.get_by_text("In the feed since")).to_be_visible()
    check_with_axe(page)
    feed = httpx.get(str(page.get_by_role("link", name="Look at the feed").get_attribute("href")))
    assert "The first tide 🌊" in feed.text


def test_all_of_it_works_without_a_mouse(edge: Edge, open_page: Callable[..., Page], audio: Audio) -> None:
    page = open_page(1280)
    # From the start, as a browser hears of this by another way than of keys: a key may overtake it.
    page.on("filechooser", lambda _: None)
    page.goto(f"{edge.url}/studio/sign-up")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    for text in (f"k{uuid.uuid4().hex[:10]}", "", PASSWORD):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your shows")).to_be_visible()
    _tab_to(page, "New show")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="New show")).to_be_visible()
    _tab_to(page, "Title")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="By keyboard")).to_be_visible()
    _tab_to(page, "Title of a new episode")
    page.keyboard.type("One")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="One")).to_be_visible()
    _tab_to(page, "The audio")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(audio("tone.mp3"))
    _tab_to(page, "Upload")
    page.keyboard.press("Enter")
    expect(page.get_by_text("tone.mp3 is fine")).to_be_visible(timeout=CHECKED_MS)
    _tab_to(page, "Publish now")
    page.keyboard.press("Enter")
    expect(page.get_by_text("In the feed since")).to_be_visible()


def _tab_to(page: Page, label: str) -> None:
    """Presses Tab until the field, link or button of that name has the focus, and can be seen to have it."""
    script = """() => { const e = document.activeElement;
      return [(e.labels && e.labels.length ? e.labels[0].textContent : e.textContent || '').trim(),
              getComputedStyle(e).outlineStyle] }"""
    for _ in range(60):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(script)
        if name == label:
            assert outline != "none", f"nobody sees that {label} has the focus"
            return
    raise AssertionError(f"{label} cannot be reached by Tab")


def test_what_was_filled_in_wrong_is_said_beside_it_and_kept(edge: Edge, open_page: Callable[..., Page]) -> None:
    page = open_page(400)
    page.goto(f"{edge.url}/studio/sign-up")
    page.get_by_label("Name").fill("no spaces please")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_text("At least 8 characters.").last).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("no spaces please")
    assert page.get_by_label("Password").get_attribute("aria-invalid") == "true"
    check_with_axe(page)


@pytest.fixture
def creator(edge: Edge) -> Iterator[Creator]:
    with new_creator(edge) as made:
        yield made


@contextmanager
def signed_in(edge: Edge, creator: Creator) -> Iterator[httpx.Client]:
    with edge.client() as client:
        enter(client, creator)
        yield client


def enter(client: httpx.Client, creator: Creator) -> None:
    csrf = client.get("/studio/sign-in").text.split('name="csrf" value="')[1].split('"')[0]
    answer = client.post("/studio/sign-in", data={"csrf": csrf, "name": creator.name, "password": creator.password})
    assert (answer.status_code, answer.headers["location"]) == (303, "/studio")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()


def test_forms_of_other_sites_are_refused(edge: Edge, creator: Creator) -> None:
    with signed_in(edge, creator) as client:
        page = client.get("/studio/shows/new")
        csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
        form = {"title": "Stolen", "category": "History", "csrf": csrf}
        assert client.post("/studio/shows/new", data={**form, "csrf": "0" * 64}).status_code == 403
        assert client.post("/studio/shows/new", data={**form, "csrf": ""}).status_code == 403
        foreign = {"Origin": "https://evil.example"}
        assert client.post("/studio/shows/new", data=form, headers=foreign).status_code == 403
        assert client.post("/studio/shows/new", data=form, headers={"Origin": edge.url}).status_code == 303


def test_pages_allow_no_script_and_nobody_elses_frame(edge: Edge, creator: Creator) -> None:
    with signed_in(edge, creator) as client:
        for path in ("/studio", "/studio/shows/new", "/studio/episodes/nothing"):
            headers = client.get(path).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "script-src" not in headers["content-security-policy"]
            assert headers["cache-control"] == "no-store"


def test_pages_are_for_who_has_signed_in_and_show_only_their_own(edge: Edge, creator: Creator) -> None:
    show = creator.show("<script>alert(1)</script>")
    with edge.client() as nobody:
        assert nobody.get(f"/studio/shows/{show['id']}").headers["location"] == "/studio/sign-in"
    with signed_in(edge, creator) as client:
        text = client.get(f"/studio/shows/{show['id']}").text
        assert "&lt;script&gt;alert(1)" in text
        assert "<script>" not in text
    with new_creator(edge) as other, signed_in(edge, other) as client:
        answer = client.get(f"/studio/shows/{show['id']}")
        assert (answer.status_code, "You have no such show." in answer.text) == (404, True)
        assert client.get("/studio/shows/%3Cb%3E").status_code == 404


def test_a_form_without_a_file_or_that_is_none_is_answered_with_a_page(edge: Edge, creator: Creator) -> None:
    episode = creator.episode(creator.show())
    with signed_in(edge, creator) as client:
        page = client.get(f"/studio/episodes/{episode['id']}")
        csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
        place = f"/studio/uploads/episodes/{episode['id']}"
        empty = client.post(place, data={"csrf": csrf}, files={"file": ("", b"")})
        assert (empty.status_code, "choose a file first" in empty.text.lower()) == (422, True)
        forged = client.post(place, data={"csrf": "x"}, files={"file": ("a.mp3", b"abc")})
        assert forged.status_code == 403
        broken = client.post(
            place, content=b"--x\r\nnonsense", headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
        assert broken.status_code in (400, 422)
        assert client.post(place, content=b"hello").status_code == 400
        assert all("<html" in answer.text for answer in (empty, forged, broken))


def test_a_private_show_gives_each_subscriber_a_feed_and_takes_it_back(
    edge: Edge, open_page: Callable[..., Page]
) -> None:
    page = open_page(1280)
    sign_up(page, edge)
    page.get_by_role("link", name="New show").click()
    page.get_by_label("Title").fill("Secret")
    page.get_by_label("Private").check()
    page.get_by_role("button", name="Make the show").click()
    page.get_by_label("Whose feed").fill("Bob")
    page.get_by_role("button", name="Make a feed for them").click()
    address = page.locator(".note.good code").inner_text()
    wait_until(lambda: httpx.get(address).status_code == 200, what="the feed, in the next turn")
    check_with_axe(page)
    page.get_by_role("button", name="End the feed of Bob").click()
    expect(page.get_by_role("button", name="End the feed of Bob")).to_have_count(0)
    assert httpx.get(address).status_code == 404

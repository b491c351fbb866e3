"""The page in a real Chromium: it runs nothing foreign, asks for nothing, and can be read and used by everybody."""

import json
import re
from itertools import pairwise

import pytest

CONTRAST = """
(() => {
  const channel = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const colour = (text) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const over = ([r, g, b, a], [R, G, B]) => [r, g, b].map((v, i) => (v * a + [R, G, B][i] * (255 - a)) / 255);
  const behind = (element) => { const found = [];
    for (let at = element; at; at = at.parentElement) found.push(colour(getComputedStyle(at).backgroundColor));
    return found.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]); };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const bad = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.checkVisibility() || ["SCRIPT", "STYLE"].includes(element.tagName)) continue;
    const style = getComputedStyle(element), ground = behind(element);
    const inked = element instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(over(colour(inked), ground)), light(ground)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) bad.push([ratio.toFixed(2), element.outerHTML.slice(0, 80)]);
  }
  return bad;
})()
"""


@pytest.fixture(scope="module")
def opened(browser, page):
    browser.open(page)
    return browser


def visible(browser):
    shown = "[...document.querySelectorAll('details.stage')].filter(e => !e.hidden)"
    return browser.js(f"{shown}.map(e => e.querySelector('.stage-name').textContent)")


def is_open(browser, anchor):
    return browser.js(f"document.getElementById({json.dumps(anchor)}).checkVisibility()")


@pytest.mark.parametrize("dark", [False, True])
def test_it_asks_for_nothing_logs_nothing_and_runs_nothing_foreign(browser, page, dark):
    browser.open(page, dark=dark)
    browser.js("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert [url for url in browser.requests if not url.startswith("data:")] == [page.resolve().as_uri()]
    assert browser.messages == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 800, 1440])
def test_it_fits_every_window_and_every_text_has_contrast(browser, page, width, dark):
    browser.open(page, width=width, dark=dark)
    browser.js("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert browser.js("document.documentElement.scrollWidth") == width
    assert browser.js(CONTRAST) == []


def test_a_click_on_a_box_of_the_graph_opens_its_section(opened, page):
    opened.open(page)
    assert not is_open(opened, "stage-clean")
    opened.click(".canvas:not(.tall) .node[href='#stage-clean']")
    assert opened.js("location.hash") == "#stage-clean"
    assert is_open(opened, "stage-clean")


def test_a_link_to_an_instance_opens_it_and_the_group_around_it(opened, page):
    opened.open(page)
    opened.click(".metrics a[href='#stage-fit@mm']")
    assert is_open(opened, "stage-fit@mm")
    assert not is_open(opened, "stage-fit@s")


def test_the_groups_of_the_graph_open(opened, page):
    opened.open(page)
    shown = "[...document.querySelectorAll('.node')].filter(e => e.checkVisibility()).map(e => e.getAttribute('href'))"
    assert opened.js(shown) == ["#stage-clean", "#stage-fit", "#stage-broken", "#stage-last"]
    opened.click("#open-groups")
    assert "#stage-fit@lll" in opened.js(shown)
    assert "#stage-fit" not in opened.js(shown)


def test_words_and_outcomes_filter_the_stages(opened, page):
    opened.open(page)
    opened.js("document.body.focus()")
    opened.press("/")
    assert opened.js("document.activeElement.id") == "search"
    for character in "mm":
        opened.press(character)
    assert visible(opened) == ["fit"]
    assert opened.js("document.getElementById('found').textContent") == "1 of 4"
    assert opened.js("document.querySelectorAll('.node.other').length") > 0
    opened.press("Escape")
    assert len(visible(opened)) == 4
    opened.click("[data-outcome=blocked]")
    assert visible(opened) == ["last"]
    assert (
        opened.js("document.querySelector('[data-outcome=blocked]').getAttribute('aria-pressed')") == "true"
    )


def test_pointing_at_a_box_shows_what_it_comes_from_and_what_comes_of_it(opened, page):
    opened.open(page)
    opened.hover(".canvas:not(.tall) .node[href='#stage-broken']")
    nodes = "[...document.querySelectorAll('.canvas:not(.tall) .dag.tracing .node.near')]"
    near = f"{nodes}.map(e => e.getAttribute('href'))"
    assert opened.js(near) == ["#stage-clean", "#stage-broken", "#stage-last"]


def test_keys_alone_are_enough(opened, page):
    opened.open(page)
    first = ".collapsed .canvas:not(.tall) .node[tabindex='0']"
    assert opened.js(f"document.querySelectorAll({json.dumps(first)}).length") == 1
    opened.js(f"document.querySelector({json.dumps(first)}).focus()")
    opened.press("ArrowRight")
    assert opened.js("document.activeElement.getAttribute('href')") in ("#stage-fit", "#stage-broken")
    opened.press("Enter")
    opened.wait(lambda: opened.js("document.activeElement.tagName") == "SUMMARY")
    opened.press("Enter")  # the summary has the focus: the section closes
    assert not is_open(opened, opened.js("location.hash").removeprefix("#"))


def test_the_keyboard_meets_everything_in_reading_order(opened, page):
    opened.open(page)
    every = "[...document.querySelectorAll('a[href], button, input, summary, [tabindex=\"0\"]')]"
    order = f"{every}.filter(e => e.tabIndex >= 0 && e.checkVisibility())"
    places = opened.js(f"{order}.map(e => e.getBoundingClientRect().top + scrollY)")
    assert max(earlier - later for earlier, later in pairwise(places)) < 120  # within one picture
    assert opened.js("[...document.querySelectorAll('[tabindex]')].every(e => e.tabIndex <= 0)")


def test_it_is_in_order_for_those_who_hear_it(opened, page):
    opened.open(page)
    levels = opened.js("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(e => +e.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert opened.js(
        "['header', 'nav', 'main', 'footer'].every(e => document.querySelectorAll(e).length === 1)"
    )
    named = "[...document.querySelectorAll('svg, [role=region], [role=img], section, .node, input, nav')]"
    missing = "filter(e => !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.labels?.length))"
    assert opened.js(f"{named}.{missing}.length") == 0
    assert opened.js("[...document.images].every(e => e.alt)")


def test_it_works_without_scripts(browser, page):
    browser.open(page, scripts=False)
    assert not browser.js("document.querySelector('#search').checkVisibility()")
    assert not is_open(browser, "stage-clean")
    browser.click("details.stage summary")
    assert is_open(browser, "stage-clean")
    browser.click("#open-groups")
    assert browser.js("document.querySelector('.opened .node').checkVisibility()")


@pytest.mark.parametrize("scripts", [True, False])
def test_on_paper_all_is_open_and_afterwards_as_it_was(browser, page, scripts):
    browser.open(page, scripts=scripts)
    before = browser.js("document.querySelectorAll('details[open]').length")
    printed = browser.pdf()
    assert printed.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 3
    assert browser.js("document.querySelectorAll('details[open]').length") == before


def test_who_wants_no_motion_gets_none(browser, page):
    browser.open(page, motion=False)
    assert browser.js("getComputedStyle(document.documentElement).scrollBehavior") == "auto"

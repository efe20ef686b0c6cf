"""The site: a real Pelican build of tests/site_fixture with the project's own settings and theme."""

from __future__ import annotations

import gzip
import json
import re
import runpy
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import lxml.html
import pytest

from pipeline.planning import History, Policy, plan
from pipeline.posts import manifest as manifests
from tests.site_fixture.building import FIXTURE, ROOT, SITEURL, build, build_own

PROMISE = "Your address is used for these letters and nothing else."
HOSTILE_TITLE = "<img src=x onerror=alert(3)> & 'friends' 🌱"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("site") / "output")


@pytest.fixture(scope="module")
def site_with_form(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(
        tmp_path_factory.mktemp("form") / "output", SUBSCRIBE_URL="https://list.example.org/subscribe"
    )


@pytest.fixture(scope="module")
def own_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_own(tmp_path_factory.mktemp("own") / "output")


@pytest.fixture(scope="module")
def sites(site: Path, site_with_form: Path, own_site: Path) -> tuple[Path, ...]:
    return site, site_with_form, own_site


def tree(output: Path) -> dict[str, bytes]:
    return {str(p.relative_to(output)): p.read_bytes() for p in sorted(output.rglob("*")) if p.is_file()}


def pages(output: Path) -> Iterator[tuple[str, lxml.html.HtmlElement]]:
    for path in sorted(output.rglob("*.html")):
        yield str(path.relative_to(output)), lxml.html.fromstring(path.read_bytes().decode())


def page(output: Path, name: str) -> lxml.html.HtmlElement:
    return lxml.html.fromstring((output / name).read_bytes().decode())


def words(element: lxml.html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def test_writes_exactly_the_expected_files(site: Path) -> None:
    written = [name for name in sorted(tree(site)) if not name.startswith("pagefind/")]
    assert written == (FIXTURE / "expected.txt").read_text(encoding="utf-8").splitlines()


def test_every_internal_link_and_fragment_leads_somewhere(sites: tuple[Path, ...]) -> None:
    dead = []
    for output in sites:
        ids = {name: set(html.xpath("//@id")) for name, html in pages(output)}
        for name, html in pages(output):
            for link in html.xpath("//@href | //@src | //@action"):
                if link.startswith(("mailto:", "tel:")):
                    continue
                if link.startswith("/list/"):  # the list's service, which is not built
                    continue
                if link.startswith("#"):
                    link = f"{SITEURL}/{name}{link}"  # noqa: PLW2901
                target = urlsplit(link)
                assert target.scheme == "https", f"{name}: {link} is neither whole nor a fragment"
                if f"{target.scheme}://{target.netloc}" != SITEURL:
                    continue
                file = unquote(target.path).removeprefix("/")
                file = file + "index.html" if file.endswith("/") or not file else file
                if not (output / file).is_file() or (
                    target.fragment and unquote(target.fragment) not in ids[file]
                ):
                    dead.append(f"{name}: {link}")
    assert dead == []


def test_every_page_says_what_it_is(sites: tuple[Path, ...]) -> None:
    for output in sites:
        titles = Counter[str]()
        for name, html in pages(output):
            (title,) = html.xpath("/html/head/title")
            (description,) = html.xpath("/html/head/meta[@name='description']/@content")
            titles[words(title)] += 1
            assert html.get("lang") == ("es" if name.startswith("es/") else "en"), name
            assert html.get("dir") == "ltr", name
            assert len(html.xpath("//h1")) == 1, name
            assert description.strip(), name
            canonical = html.xpath("/html/head/link[@rel='canonical']/@href")
            if name == "404.html":
                assert canonical == []
                assert html.xpath("/html/head/meta[@name='robots']/@content") == ["noindex"]
            else:
                assert canonical == [f"{SITEURL}/{name.removesuffix('index.html')}"], name
                assert html.xpath("/html/head/meta[@property='og:url']/@content") == canonical, name
            assert f"{SITEURL}/feed.atom" in html.xpath("//link[@type='application/atom+xml']/@href"), name
        assert [title for title, count in titles.items() if count > 1] == []


def test_every_page_can_be_walked_through(sites: tuple[Path, ...]) -> None:
    for output in sites:
        for name, html in pages(output):
            assert html.xpath("//body/*[1]/@href") == ["#Main"], (
                f"{name}: the first thing is not the skip link"
            )
            for landmark in ("header[@class='masthead']", "main", "footer[@class='ground']"):
                assert len(html.xpath(f"//body/{landmark}")) == 1, f"{name}: {landmark}"
            levels = [
                int(heading.tag[1])
                for heading in html.xpath("//main//*[self::h1 or self::h2 or self::h3 or self::h4]")
            ]
            assert levels[0] == 1, name
            assert all(below - above <= 1 for above, below in pairwise(levels)), f"{name}: {levels}"
            assert html.xpath("//img[not(@alt)]") == [], name
            ids = Counter(html.xpath("//@id"))
            assert [one for one, count in ids.items() if count > 1] == [], name
            assert html.xpath("//time[not(@datetime)]") == [], name
            labelled = {*html.xpath("//label/@for"), *html.xpath("//label//input/@id")}
            assert set(html.xpath("//input/@id")) <= labelled, name


def test_where_the_reader_is_shows_in_the_menu(site: Path) -> None:
    assert words(page(site, "archive/index.html").xpath("//header//*[@aria-current='page']")[0]) == "Archive"
    assert words(page(site, "index.html").xpath("//header//*[@aria-current='page']")[0]) == "Belonging"
    assert page(site, "short-01/index.html").xpath("//header//*[@aria-current]") == []


def test_nothing_runs_and_nothing_comes_from_elsewhere(sites: tuple[Path, ...]) -> None:
    for output in sites:
        for name, html in pages(output):
            scripts = html.xpath("//script/@src")
            expected = [f"{SITEURL}/theme/js/{script}.js" for script in ("search", "exit")]
            assert scripts == (expected if name == "search/index.html" else expected[1:]), name
            assert html.xpath("//script[not(@src or @type='application/ld+json')] | //style") == [], name
            assert html.xpath("//iframe | //object | //embed | //base") == [], name
            assert html.xpath("//@style | //@*[starts-with(name(), 'on')]") == [], name
            loaded = html.xpath(
                "//img/@src | //link[@rel='stylesheet' or @rel='icon']/@href | //source/@srcset"
            )
            loaded += html.xpath("//meta[@property='og:image']/@content")
            assert [address for address in loaded if not address.startswith(f"{SITEURL}/")] == [], name
    css = (ROOT / "theme/static/css/site.css").read_text(encoding="utf-8")
    assert "url(" not in css
    assert "@import" not in css


def test_what_a_hostile_post_says_stays_text(site: Path) -> None:
    html = page(site, "hostile-title/index.html")
    assert words(html.xpath("//h1")[0]) == "<img src=x onerror=alert(3)> & ‘friends’ 🌱"
    assert words(html.xpath("/html/head/title")[0]) == f"{HOSTILE_TITLE} · Belonging"
    assert html.xpath("//meta[@property='og:title']/@content") == [HOSTILE_TITLE]
    assert '"><script>alert(2)</script>' in words(html.xpath("//*[@role='note']")[0])
    assert words(html.xpath("//*[@class='topic']")[0]) == "Rest & <b>repair</b>"
    assert '"><script>alert(1)</script>' in [words(a) for a in html.xpath("//*[@class='tags']/a")]
    for name in ("feed.atom", "feed.rss"):
        titles = [
            title.text for title in ElementTree.parse(site / name).iter() if title.tag.endswith("title")
        ]
        assert HOSTILE_TITLE in titles, name
        assert b"<script" not in (site / name).read_bytes()


def test_a_post_shows_its_picture_with_its_text(site: Path) -> None:
    html = page(site, "everything-a-post-can-hold/index.html")
    (picture,) = html.xpath("//img[contains(@class, 'arch')]")
    assert picture.get("src") == f"{SITEURL}/images/two-hills.png"
    assert picture.get("alt", "").startswith("Two hills, one blue")
    assert linked_data(html)["image"] == f"{SITEURL}/images/two-hills.png"


def test_the_content_note_stands_before_the_text_and_can_be_skipped_to_the_end(site: Path) -> None:
    html = page(site, "everything-a-post-can-hold/index.html")
    (note,) = html.xpath("//*[@role='note']")
    (prose,) = html.xpath("//article/*[contains(@class, 'prose')]")
    (link,) = note.xpath(".//a/@href")
    (end,) = html.xpath(f"//*[@id='{link[1:]}']")
    assert end.get("tabindex") == "-1"
    parts = list(note.getparent())
    assert parts.index(note) < parts.index(prose) < parts.index(end)
    assert page(site, "short-01/index.html").xpath("//*[@role='note']") == []


def test_what_markdown_offers_arrives(site: Path) -> None:
    (prose,) = page(site, "everything-a-post-can-hold/index.html").xpath("//*[contains(@class, 'prose')]")
    for path in (
        ".//h2[@id='sources']",
        ".//blockquote/p[@class='pull']",
        ".//dl/dt",
        ".//table/thead",
        ".//pre/code",
        ".//sup/a[@class='footnote-ref']",
        ".//ul/li/ul",
    ):
        assert prose.xpath(path), path
    assert "isn’t straight" in words(prose)
    assert prose.xpath(".//a[text()='link to another post']/@href") == [f"{SITEURL}/short-01/"]


def test_without_a_list_service_there_is_no_form_but_two_ways_to_follow(site: Path) -> None:
    for name, html in pages(site):
        assert (
            html.xpath("//form[not(@role='search')] | //input[not(@type='search' or @id='Other')]") == []
        ), name
    for name in ("short-01/index.html", "index.html", "subscribe/index.html"):
        (join,) = page(site, name).xpath("//section[@class='join']")
        assert f"{SITEURL}/feed.atom" in join.xpath(".//a/@href"), name
        assert "mailto:letters@example.org" in join.xpath(".//a/@href"), name
        assert PROMISE in words(join), name


def test_without_an_address_either_only_the_feed_is_named(tmp_path: Path) -> None:
    output = build(tmp_path / "output", LETTERS_ADDRESS="")
    (join,) = page(output, "short-01/index.html").xpath("//section[@class='join']")
    assert join.xpath(".//a/@href") == [f"{SITEURL}/feed.atom"]
    assert PROMISE not in words(join)


def test_with_a_list_service_every_post_has_the_form_and_its_promise(site_with_form: Path) -> None:
    posts = [
        name
        for name, html in pages(site_with_form)
        if html.xpath("//meta[@property='og:type']/@content") == ["article"]
    ]
    assert len(posts) == 13
    for name in [*posts, "index.html", "subscribe/index.html"]:
        (form,) = page(site_with_form, name).xpath("//form")
        assert (form.get("method"), form.get("action")) == ("post", "https://list.example.org/subscribe"), (
            name
        )
        (field,) = form.xpath(".//input")
        assert (field.get("name"), field.get("type"), field.get("required")) == ("email", "email", ""), name
        (promise,) = page(site_with_form, name).xpath(f"//*[@id='{field.get('aria-describedby')}']")
        spanish = "Tu dirección se usa para estas cartas y para nada más."
        assert words(promise) == (spanish if name.startswith("es/") else PROMISE), name


def test_the_help_page_lists_each_line_with_its_source_and_when_it_was_seen(site: Path) -> None:
    html = page(site, "help/index.html")
    assert html.xpath("//h2/@id") == ["InXE"]
    first, second = html.xpath("//li[@class='line']")
    assert first.xpath(".//a/@href") == ["tel:05550100", "https://help.example.org/chat"]
    for fact in (
        "The Example Line",
        "0555 01 00",
        "HELLO to 55501",
        "Day and night",
        "Free to call.",
        "help.example.org",
        "2025",
    ):
        assert fact in words(first), fact
    assert second.xpath(".//a/@href") == ["https://directory.example.com/"]
    assert "6 May 2023" in words(second)
    assert "1 March 2026" in words(html.xpath("//main")[0])


def test_the_archive_names_every_post_once_newest_first_by_year(site: Path) -> None:
    html = page(site, "archive/index.html")
    when = html.xpath("//main//time/@datetime")
    assert len(when) == 13
    assert when == sorted(when, reverse=True)
    assert [words(year) for year in html.xpath("//main//h2")] == ["2026", "2025", "2024", "To print"]


def test_a_month_stands_on_one_page_to_print(site: Path) -> None:
    html = page(site, "editions/2026-03/index.html")
    assert words(html.xpath("//h1")[0]) == "March 2026"
    (issue,) = html.xpath("//section[@class='issue']")
    assert words(issue.xpath("./h2")[0]) == "Everything a post can hold, and why it shouldn’t"
    assert "a hospital" in words(issue.xpath("./p[@class='note']")[0])
    assert issue.xpath(".//h3[@id='everything-a-post-can-hold-sources']")
    assert issue.xpath(".//a[@href='#everything-a-post-can-hold-fn:note']")
    assert issue.xpath(".//*[@id='everything-a-post-can-hold-fn:note']")
    assert html.xpath("//*[@loading='lazy']") == []
    assert html.xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert page(site, "editions/2024-02/index.html").xpath(
        "//section[@id='Crisis']"
    )  # short-02 names suicide
    linked = page(site, "archive/index.html").xpath("//ul[@class='months']//a/@href")
    assert sorted(linked) == [
        f"{SITEURL}/{path.relative_to(site).as_posix()}/" for path in sorted((site / "editions").iterdir())
    ]


def test_lists_go_on_for_as_many_pages_as_they_need(site: Path) -> None:
    first, second = page(site, "index.html"), page(site, "page/2/index.html")
    assert [len(html.xpath("//article[contains(@class, 'card')]")) for html in (first, second)] == [10, 3]
    assert first.xpath("//nav[@class='pages']//a/@href") == [f"{SITEURL}/page/2/"]
    assert second.xpath("//nav[@class='pages']//a/@href") == [f"{SITEURL}/"]
    assert (site / "tags/patience/page/2/index.html").is_file()


def test_the_atom_feed_is_whole_and_dated_by_its_newest_post(site: Path) -> None:
    feed = ElementTree.parse(site / "feed.atom").getroot()
    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    assert feed.findtext(f"{ATOM}updated") == "2026-04-02T10:00:00+00:00"
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links == {"alternate": f"{SITEURL}/", "self": f"{SITEURL}/feed.atom"}
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 13
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == 13
    for entry in entries:
        assert (entry.findtext(f"{ATOM}author/{ATOM}name") or "").strip()
        assert (entry.findtext(f"{ATOM}content") or "").strip()
    whole = entries[0].findtext(f"{ATOM}content") or ""
    assert whole.startswith("<p><strong>Before you read.</strong> This post mentions a hospital")
    assert "A footnote, with" in whole
    assert entries[0].findtext(f"{ATOM}author/{ATOM}name") == "Ana Example"
    assert entries[-1].findtext(f"{ATOM}author/{ATOM}name") == "Belonging"


def test_the_rss_feed_is_whole_and_its_guids_are_no_addresses(site: Path) -> None:
    channel = ElementTree.parse(site / "feed.rss").getroot().find("channel")
    assert channel is not None
    assert channel.findtext("language") == "en"
    items = channel.findall("item")
    assert len(items) == 13
    for item in items:
        guid = item.find("guid")
        assert guid is not None
        assert guid.get("isPermaLink") == "false"
    assert "A footnote, with" in (items[0].findtext("description") or "")


def test_each_topic_has_a_feed_with_an_id_of_its_own(site: Path) -> None:
    feeds = sorted(site.rglob("*.atom"))
    ids = {ElementTree.parse(path).getroot().findtext(f"{ATOM}id") for path in feeds}
    assert len(feeds) == 4
    assert len(ids) == 4
    reading = ElementTree.parse(site / "topics/reading/feed.atom").getroot()
    assert len(reading.findall(f"{ATOM}entry")) == 7


def test_the_sitemap_lists_every_page_and_nothing_else(site: Path) -> None:
    namespace = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    root = ElementTree.parse(site / "sitemap.xml").getroot()
    listed = [url.findtext(f"{namespace}loc") for url in root.findall(f"{namespace}url")]
    written = [
        f"{SITEURL}/{name.removesuffix('index.html')}"
        for name, _ in pages(site)
        if name != "404.html" and not name.startswith("editions/")  # these repeat what is listed
    ]
    assert sorted(filter(None, listed)) == sorted(written)
    assert f"Sitemap: {SITEURL}/sitemap.xml" in (site / "robots.txt").read_text(encoding="utf-8")


def test_the_search_knows_posts_and_pages_and_needs_nothing_else(site: Path) -> None:
    entry = json.loads((site / "pagefind/pagefind-entry.json").read_bytes())
    assert sum(language["page_count"] for language in entry["languages"].values()) == 13 + 4
    assert {path.suffix for path in (site / "pagefind").rglob("*") if path.is_file()} <= {
        *(".js", ".json", ".pagefind", ".pf_fragment", ".pf_index", ".pf_meta")
    }
    (form,) = page(site, "search/index.html").xpath("//form[@role='search']")
    assert "hidden" in form.attrib  # until its script runs


def test_drafts_and_scheduled_posts_appear_nowhere(site: Path) -> None:
    hidden = re.compile(
        rb"zeitgeber|futurology|notyet|nobody yet|2999|unfinishedness|draughts|halfway", re.IGNORECASE
    )
    found = {name: hidden.findall(name.encode() + content) for name, content in tree(site).items()}
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_a_scheduled_post_appears_when_its_time_has_come(tmp_path: Path) -> None:
    output = build(tmp_path / "output", at="2999-01-02T00:00:00+00:00")
    assert "Zeitgeber." in words(page(output, "zeitgeber/index.html").xpath("//article")[0])
    assert "Unfinishedness" not in words(page(output, "archive/index.html"))


def test_the_same_sources_give_the_same_bytes_at_any_time_and_place(site: Path, tmp_path: Path) -> None:
    elsewhere = {"TZ": "Pacific/Auckland", "LC_ALL": "C.UTF-8", "LANG": "de_DE.UTF-8", "PYTHONHASHSEED": "7"}
    again = build(tmp_path / "output", at="2031-12-31T23:59:59+00:00", env=elsewhere)
    first, second = tree(site), tree(again)
    assert list(first) == list(second)
    assert [name for name in first if first[name] != second[name]] == [".well-known/security.txt"]


def test_with_a_source_date_no_byte_depends_on_the_clock(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    built = [
        build(
            tmp_path / name / "output",
            content=tmp_path / "content",
            at=at,
            env={"SOURCE_DATE_EPOCH": "1780000000"},
        )
        for name, at in (("a", "2026-05-01T12:00:00+00:00"), ("b", "2031-12-31T23:59:59+00:00"))
    ]
    assert tree(built[0]) == tree(built[1])


def test_finders_of_flaws_learn_whom_to_tell_and_until_when_that_holds(site: Path) -> None:
    lines = (site / ".well-known/security.txt").read_text(encoding="utf-8").splitlines()
    fields = dict(line.split(": ", 1) for line in lines)
    assert fields["Contact"] == "mailto:security@belonging.example.org"
    assert fields["Canonical"] == f"{SITEURL}/.well-known/security.txt"
    assert fields["Expires"] == "2026-12-01T00:00:00Z"  # built in May


def test_the_first_run_over_our_own_posts_mails_one(own_site: Path) -> None:
    _, ours = manifests.read(own_site.parent / "posts.json")
    policy = Policy(newest_on_first_run=True, max_new=2, max_age=timedelta(days=14))
    assert len(plan(ours, History(), datetime(3000, 1, 1, tzinfo=UTC), policy=policy).to_send) == 1


def test_the_manifest_for_home_screens_names_what_is_there(site: Path) -> None:
    manifest = json.loads((site / "site.webmanifest").read_bytes())
    assert manifest["start_url"] == manifest["scope"] == f"{SITEURL}/"
    for icon in manifest["icons"]:
        assert (site / icon["src"].removeprefix(f"{SITEURL}/")).is_file()


def linked_data(html: lxml.html.HtmlElement) -> dict[str, Any]:
    (text,) = html.xpath("//script[@type='application/ld+json']/text()")
    data = json.loads(text)
    assert isinstance(data, dict)
    return data


def test_machines_are_told_what_a_post_is_and_what_it_rests_on(site: Path) -> None:
    data = linked_data(page(site, "everything-a-post-can-hold/index.html"))
    assert (data["@context"], data["@type"]) == ("https://schema.org", "Article")
    assert data["headline"] == "Everything a post can hold, and why it shouldn't"
    assert data["datePublished"] == "2026-03-14T08:30:00+00:00"
    assert data["dateModified"] == "2026-04-02T10:00:00+00:00"
    assert data["author"][0]["name"] == "Ana Example"
    (cited,) = data["citation"]
    assert cited["url"] == "https://example.org/10.0000/example"
    assert cited["name"].startswith("Example, A. (2020). A paper about something.")
    hostile = linked_data(page(site, "hostile-title/index.html"))
    assert hostile["headline"] == HOSTILE_TITLE
    assert hostile["image"] == f"{SITEURL}/card.png"  # it has none of its own, and no typeface has its title


def test_a_post_says_how_long_it_takes_and_when_it_was_changed(site: Path) -> None:
    (byline,) = page(site, "everything-a-post-can-hold/index.html").xpath("//*[@class='byline']")
    assert words(byline) == "14 March 2026, by Ana Example · 1 min to read · changed on 2 April 2026"


def test_a_long_post_lists_its_headings_and_a_short_one_does_not(site: Path) -> None:
    html = page(site, "everything-a-post-can-hold/index.html")
    (contents,) = html.xpath("//nav[@class='contents']")
    assert [words(link) for link in contents.xpath(".//a")] == [
        words(h) for h in html.xpath("//main//h2 | //main//h3")
    ][:5]
    assert page(site, "short-01/index.html").xpath("//nav[@class='contents']") == []


def test_a_post_leads_on_to_its_neighbours_and_to_posts_like_it(site: Path) -> None:
    (onward,) = page(site, "short-05/index.html").xpath("//nav[@class='onward']")
    links = onward.xpath(".//a/@href")
    assert {f"{SITEURL}/short-04/", f"{SITEURL}/short-06/"} <= set(links)
    assert len(links) == len(set(links)) == 5
    assert page(site, "es/en-otra-lengua/index.html").xpath("//nav[@class='onward']") == []


def test_a_part_of_a_series_says_which_it_is_and_leads_to_the_parts_beside_it(site: Path) -> None:
    for number, part, ways in ((4, 1, [6]), (6, 2, [4, 8]), (8, 3, [6])):
        html = page(site, f"short-{number:02}/index.html")
        (line,) = html.xpath("//p[@class='series']")
        assert words(line) == f"Part {part} of 3 of “Small steps”"
        (nav,) = html.xpath("//nav[@class='series-ways']")
        assert nav.xpath(".//a/@href") == [f"{SITEURL}/short-{way:02}/" for way in ways]
        data = linked_data(html)
        assert (data["isPartOf"]["name"], data["position"]) == ("Small steps", part)
    alone = page(site, "short-05/index.html")
    assert alone.xpath("//*[starts-with(@class, 'series')]") == []
    assert "isPartOf" not in linked_data(alone)


def test_a_post_that_names_suicide_shows_lines_to_call_and_leads_to_them_before_the_text(site: Path) -> None:
    html = page(site, "short-02/index.html")
    (box,) = html.xpath("//section[@id='Crisis']")
    assert box.xpath(".//a/@href")[0] == "tel:05550100"
    said = words(box)
    for fact in ("Examplia", "The Example Line", "HELLO to 55501", "seen 2025", "1 March 2026"):
        assert fact in said, fact
    assert "A directory" not in said  # not for a crisis
    (note,) = html.xpath("//*[@role='note']")
    assert note.xpath(".//a/@href") == ["#Crisis"]
    assert page(site, "short-03/index.html").xpath("//*[@id='Crisis']") == []


def test_the_way_out_is_a_plain_link_that_tells_nothing_and_its_limits_are_said(
    sites: tuple[Path, ...],
) -> None:
    for output in sites:
        for name, html in pages(output):
            (link,) = html.xpath("//body/*[2]/a")
            assert link.get("href") == "https://www.bbc.co.uk/weather", name
            assert link.get("rel") == "nofollow noreferrer", name
            said = words(html.xpath("//footer[@class='ground']")[0])
            assert {"en": "history still lists", "es": "El historial"}[html.get("lang")] in said, name
    assert (ROOT / "theme/static/js/exit.js").stat().st_size < 3 * 1024


def test_without_an_address_to_exit_to_there_is_no_button_and_no_word_of_it(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    output = build(tmp_path / "output", content=tmp_path / "content", EXIT_URL="")
    assert "Exit this page" not in (output / "index.html").read_text(encoding="utf-8")


def test_the_json_feed_is_whole(site: Path) -> None:
    feed = json.loads((site / "feed.json").read_bytes())
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert (feed["feed_url"], feed["home_page_url"]) == (f"{SITEURL}/feed.json", f"{SITEURL}/")
    assert len(feed["items"]) == len({item["id"] for item in feed["items"]}) == 13
    newest = feed["items"][0]
    assert newest["content_html"].startswith(
        "<p><strong>Before you read.</strong> This post mentions a hospital"
    )
    assert (newest["authors"], newest["tags"]) == ([{"name": "Ana Example"}], ["Form", "Patience"])
    assert newest["date_modified"] == "2026-04-02T10:00:00+00:00"
    topic = json.loads((site / "topics/reading/feed.json").read_bytes())
    assert (topic["title"], len(topic["items"])) == ("Belonging: Reading", 7)
    assert topic["home_page_url"] == f"{SITEURL}/topics/reading/"


def test_the_calendar_has_a_day_for_each_letter_and_holds_to_its_format(site: Path) -> None:
    raw = (site / "letters.ics").read_bytes()
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75
    text = raw.replace(b"\r\n ", b"").decode()
    lines = text.split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert lines.count("BEGIN:VEVENT") == lines.count("TRANSP:TRANSPARENT") == 13
    assert len({line for line in lines if line.startswith("UID:")}) == 13
    assert "SUMMARY:Everything a post can hold\\, and why it shouldn't" in lines
    assert "DTSTART;VALUE=DATE:20260314" in lines


def test_a_site_without_posts_is_a_site_too(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    output = build(tmp_path / "output", content=tmp_path / "content")
    assert "Nothing is published yet." in words(page(output, "index.html").xpath("//main")[0])
    feed = ElementTree.parse(output / "feed.atom").getroot()
    assert feed.findtext(f"{ATOM}updated") == "1970-01-01T00:00:00+00:00"


def transferred(*files: Path) -> int:
    return sum(len(gzip.compress(file.read_bytes(), 6)) for file in files)


def test_what_stands_around_a_posts_own_words_stays_light(site: Path, own_site: Path) -> None:
    css, script = site / "theme/css/site.css", site / "theme/js/exit.js"
    assert transferred(css) <= 6 * 1024
    assert transferred(script) <= 2 * 1024
    assert transferred(site / "short-01/index.html") <= 4 * 1024
    for name, html in pages(own_site):
        own = {
            src.removeprefix(f"{SITEURL}/")
            for src in html.xpath("//script/@src | //link[@rel='stylesheet']/@href")
        }
        assert own - {"theme/js/search.js"} == {"theme/css/site.css", "theme/js/exit.js"}, name
        assert transferred(own_site / name, css, script) <= 60 * 1024, name


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("It's fine", "It’s fine"),
        ('"I\'m fine," she said', "“I’m fine,” she said"),
        ("The 'safe' choice", "The ‘safe’ choice"),
        ("The '90s", "The ’90s"),
        ('("quietly")', "(“quietly”)"),
        ("Readers' letters", "Readers’ letters"),
        ("“Already” ‘curled’", "“Already” ‘curled’"),
        ("'Tis \"'nested'\"", "‘Tis “‘nested’”"),
    ],
)
def test_titles_are_set_with_the_quotes_of_the_text(typed: str, read: str) -> None:
    assert runpy.run_path(str(ROOT / "pelicanconf.py"))["JINJA_FILTERS"]["typeset"](typed) == read


@pytest.mark.parametrize(
    ("chosen", "leads"),
    [
        ("service", "/list/subscribe"),
        ("https://forms.example.org/x?u=1", "https://forms.example.org/x?u=1"),
        ("", ""),
        (None, ""),
    ],
)
def test_the_list_says_where_the_form_leads(chosen: str | None, leads: str) -> None:
    form = runpy.run_path(str(ROOT / "pelicanconf.py"))["_form"]
    told = {} if chosen is None else {"sign_up": chosen}
    newsletter = {"list": {"service_url": "https://blog.example.org/list/", **told}}
    assert form(newsletter, "https://blog.example.org") == leads
    if chosen == "service":
        assert form(newsletter, "https://other.example.org") == "https://blog.example.org/list/subscribe"
    with pytest.raises(ValueError, match=r'list\.sign_up: write "service"'):
        form({"list": {"sign_up": "servcie"}}, "https://blog.example.org")

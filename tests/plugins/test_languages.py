"""Pages speak the language of what is read on them, and versions of one text lead to each other."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from lxml import html as lxml_html

from pipeline.posts.languages import Catalogue
from tests.site_fixture.building import FIXTURE, ROOT, SITEURL, build, build_own

STRINGS = runpy.run_path(str(ROOT / "theme" / "wording.py"))["strings"]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_own(tmp_path_factory.mktemp("own") / "output")


@pytest.fixture(scope="module")
def spanish(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixture site as one whose own language is Spanish; its posts are what they are."""
    return build(tmp_path_factory.mktemp("es") / "output", DEFAULT_LANG="es")


def page(site: Path, url: str) -> lxml_html.HtmlElement:
    file = site / url
    return lxml_html.fromstring((file / "index.html" if file.is_dir() else file).read_text(encoding="utf-8"))


def frame(of: lxml_html.HtmlElement) -> str:
    """All that is said on a page but for what a writer wrote."""
    for written in of.xpath("//div[contains(@class, 'prose')] | //main//article//h1 | //script | //style"):
        written.getparent().remove(written)
    attributes = of.xpath("//body//@aria-label | //body//@title | //@*[starts-with(name(), 'data-said')]")
    return " ".join(" ".join([*of.xpath("//body//text()"), *attributes]).split())


ENGLISH = sorted(
    re.sub(r"<[^>]+>|%\(\w+\)s", "\0", message if isinstance(message, str) else message[-1])
    for message in (string.id for string in STRINGS())
    if message
)


def spoken_english(text: str) -> list[str]:
    """The theme's English, or any long piece of it, that stands in a text."""
    pieces = {piece.strip(" .,:") for line in ENGLISH for piece in line.split("\0")}
    long = {piece for piece in pieces if len(piece) > 8 and " " in piece}
    return sorted(piece for piece in long if piece in text)


def test_a_spanish_page_is_spanish_altogether(own: Path) -> None:
    pages = sorted(own.glob("es/**/index.html"))
    assert len(pages) == 6
    for path in pages:
        tree = page(own, str(path.relative_to(own)))
        assert (tree.get("lang"), tree.get("dir")) == ("es", "ltr")
        assert tree.xpath("//body//*[@lang='en' and not(self::a)]") == []
        assert spoken_english(frame(tree)) == [], path
    assert "20 de noviembre de 2026" in frame(page(own, "es/no-tienes-que-ganarte-tu-sitio"))
    assert spoken_english(frame(page(own, "about")))  # else the look at them would find nothing


def test_a_site_in_spanish_says_nothing_in_english(spanish: Path) -> None:
    for url in (
        "archive",
        "topics",
        "tags",
        "authors",
        "search",
        "404.html",
        "en-otra-lengua",
        "editions/2026-02",
        "",
    ):
        tree = page(spanish, url)
        assert tree.get("lang") == "es"
        assert spoken_english(frame(tree)) == [], url
    assert page(spanish, "editions/2026-02").findtext(".//h1") == "Febrero de 2026"
    assert page(spanish, "archive").xpath("//ul[@class='months']//a/text()")[-1] == "enero de 2024"
    assert page(spanish, "topics").xpath("//ul[@class='index']//span/text()")[0].endswith(" textos")
    assert page(spanish, "search").get_element_by_id("Search").get("data-one") == "Se encontró una página."


def test_versions_of_a_text_lead_to_each_other_and_so_does_the_sitemap(own: Path) -> None:
    sets: dict[str, dict[str, str]] = {}
    for path in own.rglob("*.html"):
        tree = page(own, str(path.relative_to(own)))
        links = tree.xpath("/html/head/link[@rel='alternate'][@hreflang]")
        if links:
            (here,) = tree.xpath("/html/head/link[@rel='canonical']/@href")
            sets[here] = {link.get("hreflang"): link.get("href") for link in links}
    assert len(sets) == 12  # home, four pages and a post, in two languages
    for here, versions in sets.items():
        assert here in versions.values()
        assert versions["x-default"] == versions["en"]
        assert all(sets[other] == versions for other in versions.values())
    for url, other in (
        ("help", "es/ayuda/"),
        ("es/ayuda", "help/"),
        ("you-dont-have-to-earn-your-seat", None),
    ):
        (link,) = page(own, url).xpath("//p[@class='versions']/a")
        assert other is None or link.get("href") == f"{SITEURL}/{other}"
        assert link.get("lang") == link.get("hreflang") == ("en" if url.startswith("es") else "es")
    sitemap = (own / "sitemap.xml").read_text(encoding="utf-8")
    (entry,) = re.findall(rf"<url><loc>{SITEURL}/help/</loc>.*?</url>", sitemap, re.DOTALL)
    assert re.findall(r'hreflang="(\w+)"', entry) == ["en", "es"]


def test_the_frame_leads_to_pages_in_its_own_language(own: Path) -> None:
    for url in ("es", "es/no-tienes-que-ganarte-tu-sitio", "es/privacidad"):
        links = page(own, url).xpath("//header[@class='masthead']//a/@href | //footer//a/@href")
        assert {f"{SITEURL}/es/", f"{SITEURL}/es/ayuda/", f"{SITEURL}/es/suscripcion/"} <= set(links)
        assert f"{SITEURL}/help/" not in links
    assert f"{SITEURL}/es/" in page(own, "").xpath("//footer//a[@lang='es'][.='Español']/@href")


def test_a_page_the_theme_has_no_words_for_says_which_language_its_frame_is_in(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    site = build(tmp_path_factory.mktemp("written") / "output", content=FIXTURE / "written")
    tree = page(site, "ar/from-right-to-left")
    assert (tree.get("lang"), tree.get("dir")) == ("ar", "rtl")
    said = {
        "header[@class='masthead']": 1,
        "footer[@class='ground']": 1,
        "p[@class='byline']/span": 1,
        "section[@class='exit']": 1,
    }
    for what, count in said.items():
        assert len(tree.xpath(f"//{what}[@lang='en'][@dir='ltr']")) == count, what
    (listed,) = page(site, "authors/ana-example").xpath(f"//h2[a/@href='{SITEURL}/ar/from-right-to-left/']")
    assert (listed.get("lang"), listed.get("dir")) == ("ar", "rtl")


def test_the_catalogue_of_another_theme_may_be_missing(tmp_path: Path) -> None:
    assert Catalogue.read(tmp_path / "translations").languages == ("en",)


def test_a_translated_page_holds_for_the_same_providers_as_its_original() -> None:
    """Else a Spanish reader would be promised what holds for another list."""
    originals = {path.stem: path for path in (ROOT / "content" / "pages").glob("*.md")}
    marks = re.compile(r"^<!-- provider: (\w+) -->$|^(#+) ", re.MULTILINE)
    compared = 0
    for path in (ROOT / "content" / "pages").glob("*/*.md"):
        text = path.read_text(encoding="utf-8")
        if (named := re.search(r"^translation: (.+)$", text, re.MULTILINE)) is None:
            continue
        original = originals[named[1]].read_text(encoding="utf-8")
        assert marks.findall(text) == marks.findall(original), (
            path.name
        )  # the same sections, for the same lists
        compared += 1
    assert compared == 4

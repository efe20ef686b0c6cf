"""The site's settings, Pelican's own way: https://docs.getpelican.com/en/latest/settings.html.

To build for another address, say so on the command line instead of editing this file:

    python -m pelican content -o output -s pelicanconf.py --fatal errors -e SITEURL='"https://example.org"'

What belongs to the list (who writes, from which address) stands in newsletter.toml.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import StrictUndefined

_ROOT = Path(__file__).resolve().parent
if str(_ROOT) not in sys.path:  # Pelican finds plugins/ only from here
    sys.path.insert(0, str(_ROOT))


from pipeline.posts.plain import from_html  # noqa: E402 - titles mean the same here and in letters


def _toml(name: str) -> dict[str, Any]:
    try:
        return tomllib.loads((_ROOT / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _helplines(name: str) -> dict[str, Any]:
    data = _toml(name)
    for country in data.get("countries", []):
        for line in country["lines"]:
            where = f"{name}: {country['country']}, {line.get('name', 'a line without a name')}"
            if line.get("kind") not in {"crisis", "addiction", "domestic"}:
                raise ValueError(f'{where}: write kind = "crisis", "addiction" or "domestic"')
            for key in ("name", "phone", "tel", "text", "web", "hours", "note", "source", "seen"):
                if key not in line:
                    raise ValueError(f'{where}: {key} is missing; write {key} = "" if it is not known')
    return data


def _form(newsletter: dict[str, Any], siteurl: str) -> str:
    """Say where the sign-up form posts to: a path where list and site share a host, as in the preview."""
    chosen = newsletter.get("list", {}).get("sign_up", "")
    if chosen != "service":
        if chosen and not chosen.startswith("https://"):
            raise ValueError('newsletter.toml: list.sign_up: write "service", an https:// address, or ""')
        return str(chosen)
    service = urlsplit(f"{newsletter['list'].get('service_url', '').rstrip('/')}/subscribe")
    return service.path if service.netloc == urlsplit(siteurl).netloc else service.geturl()


# --- The site ---------------------------------------------------------------------------------------------

SITENAME = "Belonging"
SITESUBTITLE = "On trauma, recovery, and the slow work of coming back to one another."
SITEURL = "https://belonging.example.org"  # no slash at the end
DEFAULT_LANG = "en"
TIMEZONE = "UTC"  # a post's date without a zone is read in this one

# The menu, and the links at the foot: what they say, and where they lead below SITEURL.
MENUITEMS = (
    ("Archive", "archive/"),
    ("Topics", "topics/"),
    ("About", "about/"),
    ("Help", "help/"),
    ("Subscribe", "subscribe/"),
)
FOOTERITEMS = (("Search", "search/"), ("Privacy", "privacy/"), ("All tags", "tags/"), ("Authors", "authors/"))

# Where "Exit this page" leads, and what that is, after "to". Choose what anybody may be seen to look at; "" takes the
# button away.
EXIT_URL = "https://www.bbc.co.uk/weather"
EXIT_NAME = "the weather"

# Where the sign-up form posts to: newsletter.toml says so, in list.sign_up. While that is empty no form is shown: the
# page says how to follow by feed and, if there is an address, by writing to it.
_newsletter = _toml("newsletter.toml")
SUBSCRIBE_URL = _form(_newsletter, SITEURL)
LIST_SERVICE_URL = _newsletter.get("list", {}).get("service_url", "").rstrip("/")
_sender = _newsletter.get("sender", {})
LETTERS_ADDRESS = _sender.get("reply_to") or _sender.get("address", "")

# Who keeps the list: pages say what is true then (<!-- provider: mailchimp --> in content/pages/privacy.md).
LIST_PROVIDER = _newsletter.get("provider", "embedded")

# Where somebody who found a flaw is to write; /.well-known/security.txt says so.
SECURITY_CONTACT = "mailto:security@belonging.example.org"

# What the help page lists. One file, so that a number is corrected in one place.
HELPLINES = _helplines("content/helplines.toml")

# --- What is read -----------------------------------------------------------------------------------------

PATH = "content"
IGNORE_FILES = [".*", "*~", "#*#"]  # what editors leave beside a file that is open
ARTICLE_PATHS = ["posts"]
PAGE_PATHS = ["pages"]
STATIC_PATHS = ["images", "extra"]
PATH_METADATA = r"extra/(?P<path>.+)"  # content/extra/CNAME becomes /CNAME, without its folder
USE_FOLDER_AS_CATEGORY = False  # else every post without a category would be in one called "posts"
DEFAULT_CATEGORY = "Essays"

# A post dated in the future, and a draft, is written nowhere. Build again when its time has come.
WITH_FUTURE_DATES = False
DRAFT_URL = DRAFT_SAVE_AS = DRAFT_LANG_URL = DRAFT_LANG_SAVE_AS = ""
DRAFT_PAGE_URL = DRAFT_PAGE_SAVE_AS = DRAFT_PAGE_LANG_URL = DRAFT_PAGE_LANG_SAVE_AS = ""

MARKDOWN = {
    "extension_configs": {
        # Tables, footnotes, definition lists, abbreviations, fenced code, and {: .class } after a block.
        "markdown.extensions.extra": {"footnotes": {"BACKLINK_TITLE": "Back to footnote {} in the text"}},
        "markdown.extensions.sane_lists": {},
        # Gives every heading an id to link to; [TOC] on a line of its own lists them.
        "markdown.extensions.toc": {"toc_depth": "2-3", "permalink": False},
        # Straight quotes become curly, -- and --- become dashes. As characters: nothing has to decode them.
        "markdown.extensions.smarty": {
            "substitutions": {
                "left-single-quote": "‘",
                "right-single-quote": "’",
                "left-double-quote": "“",
                "right-double-quote": "”",
                "ellipsis": "…",
                "ndash": "–",
                "mdash": "—",
            }
        },
    },
    "output_format": "html5",
}

# --- Where it is written ----------------------------------------------------------------------------------

OUTPUT_PATH = "output"
DELETE_OUTPUT_DIRECTORY = False
CACHE_CONTENT = False
RELATIVE_URLS = False

# Addresses are promises: change none of these without leaving a redirect behind.
ARTICLE_URL = PAGE_URL = "{slug}/"
ARTICLE_SAVE_AS = PAGE_SAVE_AS = "{slug}/index.html"
ARTICLE_LANG_URL = PAGE_LANG_URL = "{lang}/{slug}/"
ARTICLE_LANG_SAVE_AS = PAGE_LANG_SAVE_AS = "{lang}/{slug}/index.html"
CATEGORY_URL = "topics/{slug}/"
CATEGORY_SAVE_AS = "topics/{slug}/index.html"
TAG_URL = "tags/{slug}/"
TAG_SAVE_AS = "tags/{slug}/index.html"
AUTHOR_URL = "authors/{slug}/"
AUTHOR_SAVE_AS = "authors/{slug}/index.html"
INDEX_URL = ""
INDEX_SAVE_AS = "index.html"
MONTH_ARCHIVE_URL = "editions/{date:%Y}-{date:%m}/"
MONTH_ARCHIVE_SAVE_AS = "editions/{date:%Y}-{date:%m}/index.html"  # a month on one page, to print
ARCHIVES_URL = "archive/"
ARCHIVES_SAVE_AS = "archive/index.html"
CATEGORIES_URL = "topics/"
CATEGORIES_SAVE_AS = "topics/index.html"
TAGS_URL = "tags/"
TAGS_SAVE_AS = "tags/index.html"
AUTHORS_URL = "authors/"
AUTHORS_SAVE_AS = "authors/index.html"
SEARCH_SAVE_AS = "search/index.html"
SITEMAP_SAVE_AS = "sitemap.xml"
ROBOTS_SAVE_AS = "robots.txt"
WEBMANIFEST_SAVE_AS = "site.webmanifest"
DIRECT_TEMPLATES = [
    "index",
    "archives",
    "categories",
    "tags",
    "authors",
    "404",
    "sitemap",
    "robots",
    "search",
    "webmanifest",
]
TEMPLATE_EXTENSIONS = [".html", ".xml", ".txt", ".json"]

DEFAULT_PAGINATION = 10
PAGINATION_PATTERNS = (
    (1, "{url}", "{save_as}"),
    (2, "{url}page/{number}/", "{base_name}/page/{number}/index.html"),
)

# --- Feeds ------------------------------------------------------------------------------------------------

FEED_ATOM = "feed.atom"
FEED_RSS = "feed.rss"
FEED_JSON = "feed.json"
CATEGORY_FEED_ATOM = "topics/{slug}/feed.atom"
CATEGORY_FEED_JSON = "topics/{slug}/feed.json"
LETTERS_CALENDAR = "letters.ics"
FEED_MAX_ITEMS = 30
RSS_FEED_SUMMARY_ONLY = False  # whoever reads by feed reads everything there
FEED_ALL_ATOM = TRANSLATION_FEED_ATOM = AUTHOR_FEED_ATOM = AUTHOR_FEED_RSS = None

# --- How it looks -----------------------------------------------------------------------------------------

THEME = "theme"
LOCALE = ["C"]  # dates read the same whoever builds
DEFAULT_DATE_FORMAT = "%-d %B %Y"
# Everything is escaped that a template does not call safe; a name that does not exist stops the build.
JINJA_ENVIRONMENT = {"autoescape": True, "undefined": StrictUndefined}


def _address(output_file: str) -> str:
    """Give the address, below SITEURL, of a file in the output."""
    return output_file.removesuffix("index.html")


def _picture(path: str, siteurl: str) -> str:
    """Give the whole address of the picture that front matter names; "" for one on somebody else's host.

    A picture from elsewhere would tell that host who reads here, so it is not shown.
    """
    if path.startswith(("https://", "http://", "//")):
        return path if path.startswith(f"{siteurl}/") else ""
    path = path.removeprefix("{static}").lstrip("/")
    return f"{siteurl}/{quote(path)}" if path else ""


def _host(url: str) -> str:
    """Shorten an address to the site it leads to, for a link's text."""
    return (urlsplit(url).hostname or url).removeprefix("www.")


def _typeset(text: str) -> str:
    """Curl the straight quotes of a plain line, as Markdown does those of the text."""
    text = re.sub(r"'(?=\d)|(?<=[^\s(\[“‘\"])'|'$", "’", text).replace("'", "‘")
    return re.sub(r'(?<![^\s(\[‘])"(?=\S)', "“", text).replace('"', "”")


JINJA_FILTERS = {
    "address": _address,
    "host": _host,
    "picture": _picture,
    "typeset": _typeset,
    "words": from_html,
}

SOCIAL_CARDS = True  # False: every post has the site's card, and a first build is quicker

# --- Plugins ----------------------------------------------------------------------------------------------

PLUGINS = [
    "plugins.languages",  # has every page speak the language of what is read on it
    "plugins.frontmatter",  # reads posts, and stops the build at mistakes in them
    "plugins.headers",  # says what browsers may load here: nothing but this site's own
    "plugins.wellknown",  # says where flaws are to be reported
    "plugins.reading",  # how long a post takes, what it holds, what to read next
    "plugins.pictures",  # takes from pictures what cameras write into them; makes the sizes that pages need
    "plugins.cards",  # draws what stands beside a shared link
    "plugins.films",  # shows films that stand elsewhere by a still and a link
    "plugins.search",  # makes the index that the search page reads
    "plugins.feeds",  # completes the feeds
    "plugins.manifest",  # says what the posts are, for the letters; last, so that it sees what the others did
]

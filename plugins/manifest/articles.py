"""Pelican's articles → posts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

from pipeline.posts import Post, Site, plain, slugs, values

from ..refusing import Refused
from .absolute import absolute

__all__ = ["Article", "Articles", "posts", "site"]

_SUMMARY = 50  # words, where Pelican's setting says nothing


class Named(Protocol):
    """A category, a tag or an author."""

    name: str


class Article(Protocol):
    """What is read of a post here."""

    metadata: Mapping[str, object]
    slug: str
    title: str
    lang: str
    date: datetime
    url: str
    translations: list[Article]
    relative_source_path: str  # below the content folder

    def get_content(self, siteurl: str) -> str:
        """Give the body as HTML, its marked links resolved."""


@runtime_checkable
class Articles(Protocol):
    """What is read of Pelican's generator of posts; no other generator has these."""

    settings: Mapping[str, object]
    context: Mapping[str, object]
    articles: list[Article]  # published, in the site's language or without a version in it
    translations: list[Article]  # published, the others
    hidden_articles: list[Article]


def site(settings: Mapping[str, object]) -> Site:
    """Describe the site.

    Raises:
        Refused: Its address is not absolute.
    """
    url = str(settings["SITEURL"]).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise Refused(
            f'SITEURL is “{url}”, which letters cannot link to — write SITEURL = "https://example.org"'
        )
    return Site(
        name=plain.from_html(str(settings["SITENAME"])),
        url=url,
        lang=values.canonical_language(str(settings["DEFAULT_LANG"])),
        timezone=str(settings.get("TIMEZONE", "UTC")),
        exit_url=str(settings.get("EXIT_URL", "")),
        exit_name=str(settings.get("EXIT_NAME", "")),
    )


def posts(generator: Articles, about: Site, *, bodies: int) -> tuple[Post, ...]:
    """Describe every published post, newest first; the first ``bodies`` of them with their text."""
    originals = {id(article) for article in generator.articles}
    ordered = sorted([*generator.articles, *generator.translations], key=lambda a: a.date, reverse=True)
    return tuple(
        _post(article, generator, about, _original(article, originals), with_body=index < bodies)
        for index, article in enumerate(ordered)
    )


def _original(article: Article, originals: set[int]) -> Article | None:
    """Find what an article is a translation of."""
    if id(article) in originals:
        return None
    return next((other for other in article.translations if id(other) in originals), None)


def _post(
    article: Article, generator: Articles, about: Site, original: Article | None, *, with_body: bool
) -> Post:
    metadata = article.metadata
    url = _whole(article.url, about)
    content = article.get_content(about.url)
    words = plain.from_html(content)
    modified = getattr(article, "modified", None)
    mail_at = metadata.get("mail_at")
    return Post(
        id=_id(article, about),
        slug=article.slug,
        lang=values.canonical_language(article.lang),
        title=plain.from_html(article.title),
        url=url,
        date=article.date,
        modified=modified if isinstance(modified, datetime) else None,
        category=_names([getattr(article, "category", None)])[0],
        tags=_names(getattr(article, "tags", ())),
        authors=_names(getattr(article, "authors", ())),
        summary=_summary(metadata, words, generator.settings),
        image=_image(metadata, generator, about),
        image_alt=_text(metadata, "image_alt"),
        content_note=_text(metadata, "content_note"),
        subject=_text(metadata, "subject"),
        preheader=_text(metadata, "preheader"),
        mail=_mail(article),
        mail_at=mail_at if isinstance(mail_at, datetime) else None,
        source=article.relative_source_path,
        fingerprint=plain.fingerprint(words),
        translation_of=_id(original, about) if original else "",
        body=absolute(content, url) if with_body else None,
    )


def _whole(url: str, about: Site) -> str:
    return url if "://" in url else f"{about.url}/{url.lstrip('/')}"


def _id(article: Article, about: Site) -> str:
    return _text(article.metadata, "id") or slugs.post_id(article.slug, article.lang, about.lang)


def _text(metadata: Mapping[str, object], key: str) -> str:
    value = metadata.get(key, "")
    return " ".join(value.split()) if isinstance(value, str) else ""


def _names(things: Iterable[Named | None]) -> tuple[str, ...]:
    return tuple(" ".join(thing.name.split()) if thing else "" for thing in things)


def _mail(article: Article) -> bool:
    """Read ``mail``, which readers of other formats than Markdown give as text.

    Raises:
        Refused: It is neither yes nor no; guessing could mail what was not to be mailed.
    """
    value = article.metadata.get("mail", True)
    answer = values.boolean(value) if isinstance(value, str) else value
    if not isinstance(answer, bool):
        raise Refused(f"{article.relative_source_path}: mail is “{value}” — write true or false")
    return answer


def _summary(metadata: Mapping[str, object], words: str, settings: Mapping[str, object]) -> str:
    """Give the writer's summary, or the first words, as many as Pelican would show."""
    given = metadata.get("summary")
    if isinstance(given, str) and given.strip():
        return plain.from_html(given)
    longest = settings.get("SUMMARY_MAX_LENGTH", _SUMMARY)
    first = words.split(" ")
    if not isinstance(longest, int) or len(first) <= longest:
        return words
    return f"{' '.join(first[:longest])}{settings.get('SUMMARY_END_SUFFIX', '…')}"


def _image(metadata: Mapping[str, object], generator: Articles, about: Site) -> str:
    """Give the address of a post's picture; one on another host is left to the page, and no letter shows it."""
    image = _text(metadata, "image")
    if not image or image.startswith("//"):
        return ""
    static = generator.context.get("static_content")
    found = static.get(image) if isinstance(static, Mapping) else None
    address = _whole(str(getattr(found, "url", image)), about)
    return address if urlsplit(address).netloc == urlsplit(about.url).netloc else ""

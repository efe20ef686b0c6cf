"""From a post to a letter: subject, preheader, HTML, plain text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import css_inline
from jinja2 import Environment, TemplateError
from markupsafe import Markup

from pipeline.errors import RenderingError
from pipeline.letters import EmbeddedImage, Guise, ImagePolicy, Letter, LetterLinks
from pipeline.posts import Post, Site
from pipeline.posts.languages import Catalogue
from pipeline.rendering import cutting, document, pictures
from pipeline.rendering.columns import COLUMNS, width, wrap
from pipeline.rendering.direction import direction
from pipeline.rendering.guises import dressed
from pipeline.rendering.lines import clip, one_line
from pipeline.rendering.markup import Element, children, escape, leading_text, plain, serialise
from pipeline.rendering.plaintext import PlainText, underlined
from pipeline.rendering.publication import Publication
from pipeline.rendering.wording import Words, words_for

__all__ = ["render"]

_HTML = "email/letter.html"
_TEXT = "email/letter.txt"
_SUMMARY = 600  # characters
_KEPT_STYLE = (
    ' data-css-inline="keep"'  # tells the inliner to leave a style element; nobody else needs to read it
)


def render(
    post: Post,
    site: Site,
    *,
    publication: Publication,
    links: LetterLinks,
    environment: Environment,
    guise: Guise = Guise.OPEN,
    images: ImagePolicy = ImagePolicy.LINK,
    picture: Callable[[str], bytes | None] | None = None,
    size_limit: int = cutting.SIZE_LIMIT,
) -> Letter:
    """Render a post as the letter that every subscriber gets who chose the same.

    The HTML part is cut where it would be longer than ``size_limit``; the plain-text part is always whole (RFC 2046,
    section 5.1.4: the parts are alternatives, and this one is never clipped). A pure function: equal arguments give
    equal letters, byte for byte.

    Args:
        post: The post, with its body.
        site: Where it stands; pictures come from this host only, dates are read in its time zone.
        publication: What the letter says about its list.
        links: What only the provider knows; carried character by character.
        environment: See ``environment``.
        guise: What others who see the mailbox learn.
        images: Whether pictures are linked, embedded or left out.
        picture: Returns the bytes behind an address on the site, or None. Asked only when pictures are embedded.
        size_limit: Octets of the HTML part as mailed, quoted-printable.

    Raises:
        RenderingError: The post cannot become a letter: no text, a subject that is unsafe in a header, a picture that
            is missing, or a theme that is broken. The message names the post and what to do.
    """
    words = words_for(environment, post.lang, site.lang)
    date = Catalogue.of(environment).day(words.lang, post.date.astimezone(ZoneInfo(site.timezone)))
    dress = dressed(post, site, publication, words, guise, date=date)
    post, words = dress.post, dress.words
    subject = one_line(post.subject or post.title, what="subject", post=post.source)
    body = document.read(post, words)
    first = next(
        (text for text in (post.preheader, post.summary, plain(_opening(body))) if text.strip()), subject
    )
    preheader = one_line(clip(first), what="preheader", post=post.source)
    lead = pictures.lead(post, body)

    facts = _Facts(
        post=post,
        site=site,
        publication=dress.publication,
        links=links,
        words=words,
        preheader=preheader,
        date=date,
        covered=dress.covered,
    )
    text = _text_part(facts, body, lead, environment)

    embedded: dict[str, EmbeddedImage] = {}
    for tree in (lead, body):
        if tree is not None:
            embedded |= pictures.settle(
                tree, policy=images, site=site, post=post, words=words, picture=picture
            )

    def compose(keep: int | None) -> str:
        return _html_part(facts, body, lead, environment, keep=keep)

    html, cut_at = compose(None), None
    if cutting.encoded_size(html) > size_limit:
        keep = cutting.longest(body, lambda count: cutting.encoded_size(compose(count)) <= size_limit)
        html, cut_at = compose(keep), leading_text(children(body)[keep])
        if cutting.encoded_size(html) > size_limit:
            raise RenderingError(
                f"{post.source}: its letter is larger than {size_limit} octets even without its text",
                advice="shorten what stands around the text in theme/templates/email, or raise the limit",
            )
    return Letter(
        subject=subject,
        preheader=preheader,
        html=html,
        text=text,
        cut_at=cut_at,
        images=tuple(image for name, image in embedded.items() if f"cid:{name}" in html),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Facts:
    post: Post
    site: Site
    publication: Publication
    links: LetterLinks
    words: Words
    preheader: str
    date: str  # as people read it
    covered: bool  # whether nothing but neutral words may stand above the text

    def context(self) -> dict[str, object]:
        """What both templates may name."""
        post, words = self.post, self.words
        authors = [author for author in post.authors if author]
        names = ", ".join(authors[:-1]) + f" {words.and_} " * (len(authors) > 1) + "".join(authors[-1:])
        return {
            "post": post,
            "site": self.site,
            "publication": self.publication,
            "links": self.links,
            "words": words,
            "speaks": words.lang,
            "preheader": self.preheader,
            "date": self.date,
            "covered": self.covered,
            "byline": f"{words.by} {names}" if names else "",
            "dir": direction(post.lang),
            "words_dir": direction(words.lang),
        }


def _opening(body: Element) -> Element:
    """Return the first paragraph, or the whole where there is none."""
    found = body.find("p")
    return body if found is None else found


def _html_part(
    facts: _Facts, body: Element, lead: Element | None, environment: Environment, *, keep: int | None
) -> str:
    inside = serialise(body, keep=keep)
    if not inside:  # not even the first block fits
        inside = f"<p>{escape(clip(facts.post.summary or facts.preheader, length=_SUMMARY))}</p>"
    html = _filled(
        environment,
        _HTML,
        {
            **facts.context(),
            "lead": "" if lead is None else Markup(serialise(lead)),  # noqa: S704 - clean, see document.py
            "body": Markup(inside),  # noqa: S704 - clean, see document.py
            "cut": keep is not None,
        },
    )
    # The inliner's own way of keeping @media would gather all of it into one style element ahead of the charset; the
    # template marks the elements to be kept instead, so that one rule a mail program dislikes costs only its element.
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, minify_css=True)
    try:
        inlined = inliner.inline(html)
    except css_inline.InlineError as error:
        raise RenderingError(
            f"the theme's letter cannot be styled: {error}", advice="see theme/templates/email"
        ) from None
    return inlined.replace(f"<style{_KEPT_STYLE}>", "<style>").strip() + "\n"


def _text_part(facts: _Facts, body: Element, lead: Element | None, environment: Environment) -> str:
    writer = PlainText(facts.words)
    above = [] if lead is None else writer.lines(lead)
    lines = writer.lines(body)
    text = _filled(
        environment,
        _TEXT,
        {
            **facts.context(),
            "title": underlined(facts.post.title, "="),
            "lead": "\n".join(above),
            "body": "\n".join(lines),
            "link_lines": writer.link_lines(),
            "wrapped": lambda words: "\n".join(wrap(words)),
            "labelled": _labelled,
        },
    )
    tidy = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{4,}", "\n\n\n", tidy).strip("\n") + "\n"


def _labelled(label: str, address: str) -> str:
    """Put an address beside its label, or under it where the line would be too long. It is never broken."""
    line = f"{label}: {address}"
    return line if width(line) <= COLUMNS else f"{label}:\n{address}"


def _filled(environment: Environment, name: str, context: dict[str, object]) -> str:
    try:
        return environment.get_template(name).render(context)
    except TemplateError as error:
        raise RenderingError(
            f"the theme's template {name} does not work: {error.message or type(error).__name__}",
            advice="see theme/templates/email",
        ) from None

"""Show every component of the theme by its example: for whoever changes the theme, not on the published site.

    make gallery        docs/gallery/index.html, and a page for each component

The pages are made with the site's own settings, plugins and words, and look at the theme's own style sheet.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import sys
from html import escape
from pathlib import Path
from types import SimpleNamespace

from markdown import Markdown
from markupsafe import Markup
from pelican import Pelican
from pelican.generators import ArticlesGenerator
from pelican.settings import read_settings

_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))

from plugins.cards import drawing  # noqa: E402 - found only from here

_COMPONENTS = _ROOT / "theme" / "templates" / "components"
_EXAMPLE = re.compile(r"\{% macro example\(\) %\}\n(.*?)\{% endmacro %\}", re.DOTALL)
_ABOUT = re.compile(r"\{#(.*?)#\}", re.DOTALL)

_PROSE = """The first letter of a post stands out a little, and the text is set to be read: a line of sixty to seventy
characters, *emphasis*, **weight**, a [link](#Main), and room to breathe.[^1]

## A heading

- A thing, with more to say than fits on one line, so that one sees how the next one begins.
    - A smaller thing.
- Another.

1. First.
2. Then.

> What somebody said, at some length.

> Nobody gets up alone.
{: .pull }

Witness
:   Somebody who stays while you speak.

***

| Year | Letters |
|------|---------|
| 2025 | 24      |

    and a line of code

## Sources

- Example, A. (2020). A paper. *Journal of Examples*, 1(2). <https://example.org/paper>

[^1]: A note at the foot.
"""


class _Named(str):
    """An author, a topic or a tag."""

    __slots__ = ("name", "url")

    def __new__(cls, name: str, url: str) -> _Named:
        made = super().__new__(cls, name)
        made.name, made.url = name, url
        return made


def _post(**changes: object) -> SimpleNamespace:
    reading = SimpleNamespace(
        minutes=4,
        words=900,
        sources=(),
        crisis=True,
        contents=tuple(
            SimpleNamespace(level=level, id=f"part-{number}", text=text)
            for number, (level, text) in enumerate(
                (
                    (2, "A chair that is kept"),
                    (3, "And who keeps it"),
                    (2, "What it costs"),
                    (2, "What it gives"),
                )
            )
        ),
        related=(),
        earlier=None,
        later=None,
        series=None,
    )
    usual = {
        "title": "A chair that is kept",
        "summary": "What it is like to be expected.",
        "url": "a-chair-that-is-kept/",
        "lang": "en",
        "date": dt.datetime(2026, 3, 14, 8, 30, tzinfo=dt.UTC),
        "modified": dt.datetime(2026, 4, 2, 10, tzinfo=dt.UTC),
        "authors": [_Named("Ana Example", "authors/ana-example/")],
        "category": _Named("Circles", "topics/circles/"),
        "tags": [_Named("Chairs", "tags/chairs/")],
        "translations": [],
        "image": "images/bench.png",
        "image_alt": "A bench under a tree.",
        "card": SimpleNamespace(
            url="card.png", width=1200, height=630, words="Belonging: A chair that is kept"
        ),
        "reading": reading,
    }
    return SimpleNamespace(**{**usual, **changes})


def _examples() -> dict[str, object]:
    """Give what the examples speak of."""
    before, after = _post(title="Who sets them out"), _post(title="How many chairs")
    post = _post(translations=[_post(lang="es", url="es/una-silla/")])
    post.reading.related = (_post(title="Beside therapy"),)
    post.reading.earlier, post.reading.later = _post(title="The week before"), _post(title="The week after")
    post.reading.series = SimpleNamespace(name="Chairs", part=2, parts=3, before=before, after=after)
    pages = [
        SimpleNamespace(
            url=f"page/{number}/",
            number=number,
            paginator=SimpleNamespace(num_pages=3),
            has_other_pages=lambda: True,
        )
        for number in (1, 2, 3)
    ]
    film = SimpleNamespace(url="https://vimeo.com/123456789", site="Vimeo", host="vimeo.com", owner="")
    still = Markup('<img src="film.png" alt="" width="1280" height="720">')
    return {
        "example_post": post,
        "example_pages": pages,
        "example_film": film,
        "example_still": still,
        "article": post,
    }


def write(folder: Path) -> None:
    """Write the gallery.

    Args:
        folder: Where to; made if it is not there.
    """
    os.chdir(_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    near = os.path.relpath(_ROOT, folder)
    changed = {"SITEURL": f"{near}/content", "SUBSCRIBE_URL": "#Main", "OUTPUT_PATH": str(folder)}
    settings = read_settings(str(_ROOT / "pelicanconf.py"), override=changed)
    Pelican(settings)  # loads the plugins
    generator = ArticlesGenerator(
        context=settings.copy(),
        settings=settings,
        path=settings["PATH"],
        theme=settings["THEME"],
        output_path=None,
    )
    words = {**settings, **_examples(), "pages": [], "page_lang": "en"}
    words["example_prose"] = Markup(Markdown(**settings["MARKDOWN"]).convert(_PROSE))  # noqa: S704 - our own
    day = vars(generator.env.get_template("tokens.jinja").module)["day"]
    colours = {name: day[name] for name in drawing.COLOURS}
    (folder / "card.png").write_bytes(drawing.card("Belonging", "A chair that is kept", colours))
    (folder / "film.png").write_bytes(drawing.still(colours))

    shown = []
    for path in sorted(_COMPONENTS.glob("*.html")):
        source = path.read_text(encoding="utf-8")
        example, about = _EXAMPLE.search(source), _ABOUT.search(source)
        if not (example and about):
            raise ValueError(f"{path}: a component begins with what it is for and ends with example()")
        module = generator.env.get_template(f"components/{path.name}").make_module(words)
        (folder / path.name).write_text(_page(near, path.stem, str(module.example())), encoding="utf-8")
        shown.append(_entry(path.stem, " ".join(about[1].split()), example[1].strip()))
    (folder / "index.html").write_text(
        _page(near, "Components", "\n".join(shown), style=_INDEX), encoding="utf-8"
    )


_INDEX = """<style>
main { max-width: 64rem; }
iframe { width: 100%; height: 20rem; margin-top: 1rem; border: 1px solid var(--line); resize: both; }
h2 { margin-top: 3rem; font-size: 1.4em; }
pre { overflow-x: auto; font: .85em/1.5 var(--mono); }
</style>"""


def _page(near: str, name: str, body: str, *, style: str = "") -> str:
    heading = f"<h1>{name}</h1>" if style else f'<h1 class="unseen">{name}</h1>'
    return f"""<!DOCTYPE html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<title>{name} · Belonging</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="{near}/theme/static/css/site.css">
{style}</head>
<body>
<main id="Main" tabindex="-1">
{heading}
{body}
</main>
</body>
</html>
"""


def _entry(name: str, about: str, example: str) -> str:
    return (
        f'<section aria-labelledby="C-{name}">\n<h2 id="C-{name}"><a href="{name}.html">{name}</a></h2>\n'
        f"<p>{escape(about)}</p>\n"
        f'<iframe src="{name}.html" title="{name}, as it looks" loading="lazy"></iframe>\n'
        f'<pre tabindex="0"><code>{escape(example)}</code></pre>\n</section>'
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]).resolve())

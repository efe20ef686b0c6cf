"""Read posts as the rest of the project reads them, and build nothing from content that holds mistakes.

A Pelican plugin. In pelicanconf.py, with the folder above plugins/ on ``sys.path``:

    PLUGINS = ["plugins.frontmatter", ...]

- Markdown files may begin with YAML between lines of ``---``, or with Pelican's own headers.
- Before anything is written, all posts and pages are checked. Warnings are listed on the standard output and end
  nothing; errors are listed on the standard error stream, and the build ends with exit code 1.
- A post dated in the future is written nowhere, whatever ``WITH_FUTURE_DATES`` and ``DRAFT_SAVE_AS`` say.
- With the setting ``SHOW_DRAFTS``, drafts and future posts are built like all others, to be looked at.
"""

from __future__ import annotations

if __name__ == "frontmatter":
    # Under this name it would hide the library of that name, or be hidden by it and do nothing at all.
    raise ImportError('load this plugin as "plugins.frontmatter"')

from pelican import signals

from ..refusing import without_traceback
from . import checks, reader, scheduling

__all__ = ["register"]


def register() -> None:
    """Connect to Pelican."""
    without_traceback()
    signals.readers_init.connect(reader.install)
    signals.initialized.connect(scheduling.prepare)
    signals.get_generators.connect(checks.refuse_mistakes)  # sent by each run, before it touches the output
    signals.article_generator_pretaxonomy.connect(scheduling.withhold)
    signals.all_generators_finalized.connect(checks.refuse_failures)

"""The writer: renders what has to be rendered, leaves the rest as it is."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Template
from pelican.paginator import Paginator
from pelican.plugins import signals
from pelican.utils import get_relative_path, path_to_url, sanitised_join
from pelican.writers import FileOverwriteFailedError, Writer

from .codec import digest
from .files import Atomic
from .session import Output, Session
from .stamps import stamp
from .templates import Functions, Templates
from .trace import Trace, tracing
from .variables import TrackedPage, TrackedPaginator, given

__all__ = ["IncrementalWriter"]

logger = logging.getLogger(__name__)


class IncrementalWriter(Writer):  # type: ignore[misc] # Pelican has no types
    """Pelican's writer, with a memory."""

    def __init__(
        self,
        output_path: str,
        settings: Mapping[str, Any],
        *,
        session: Session,
        templates: Templates,
        functions: Functions,
    ) -> None:
        super().__init__(output_path, settings=settings)
        self._session = session
        self._templates = templates
        self._functions = functions
        self._root = os.path.abspath(output_path)
        self._feeds_alone = not _strangers(
            signals.feed_generated
        )  # nobody but those who say so adds to feeds
        self.rendered = 0

    # --- pages

    def write_file(  # noqa: PLR0917 - as Pelican calls it
        self,
        name: str,
        template: Template,
        context: dict[str, Any],
        relative_urls: bool = False,
        paginated: Mapping[str, Any] | None = None,
        template_name: str | None = None,
        override_output: bool = False,
        url: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Write a page, or all pages of a listing."""
        if not name:
            return
        if paginated is None:
            paginated = {key: value for key, value in kwargs.items() if key in {"articles", "dates"}}
        if not (paginated and template_name in self.settings["PAGINATED_TEMPLATES"]):
            self._page(name, template, context, kwargs, relative=relative_urls, override=override_output)
            return
        per_page = self.settings["PAGINATED_TEMPLATES"][template_name] or self.settings["DEFAULT_PAGINATION"]
        paginators = {
            key: TrackedPaginator(Paginator(name, url, value, self.settings, per_page), f"{key}_paginator")
            for key, value in paginated.items()
        }
        for number in range(1, next(iter(paginators.values())).num_pages + 1):
            listed = dict(kwargs)
            save_as = name
            for key, paginator in paginators.items():
                earlier, later = f"{key}_previous_page", f"{key}_next_page"
                page = TrackedPage(paginator.page(number), f"{key}_page")
                listed[f"{key}_paginator"] = paginator
                listed[f"{key}_page"] = page
                listed[earlier] = TrackedPage(paginator.page(number - 1), earlier) if number > 1 else None
                more = number < paginator.num_pages
                listed[later] = TrackedPage(paginator.page(number + 1), later) if more else None
                save_as = page.save_as
            self._page(save_as, template, context, listed, relative=relative_urls, override=override_output)

    def _page(
        self,
        name: str,
        template: Template,
        context: dict[str, Any],
        values: Mapping[str, Any],
        *,
        relative: bool,
        override: bool,
    ) -> None:
        site = context.get("localsiteurl")
        if relative:
            site = path_to_url(get_relative_path(name))
        if site:
            context["localsiteurl"] = site
        env = template.environment
        made_by = None
        if type(env.loader.loaders[0]).__name__ != "_FileLoader":  # type: ignore[union-attr] # else a template of content/
            made_by = self._templates.stands_for(env, template.name)
            made_by = made_by and digest((made_by, name, relative))
        path = sanitised_join(self.output_path, name)
        if self._stands(path, made_by, values, override=override):
            return
        own = {"localsiteurl": site, "output_file": name, **({"SITEURL": site} if relative else {}), **values}
        local = {**context, **own}
        with tracing(Trace(frozenset(own))) as trace:
            text = template.render(local)
        assert trace is not None  # noqa: S101 - what was handed over
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with self._open_w(path, "utf-8", override=override) as file:
            file.write(text)
        logger.info('Writing "%s"', path)
        self._remember(path, made_by, trace, values)
        signals.content_written.send(path, context=local)

    # --- feeds

    def write_feed(  # noqa: PLR0917 - as Pelican calls it
        self,
        elements: list[Any],
        context: dict[str, Any],
        path: str | None = None,
        url: str | None = None,
        feed_type: str = "atom",
        override_output: bool = False,
        feed_title: str | None = None,
    ) -> Any:
        """Write a feed."""
        most = self.settings["FEED_MAX_ITEMS"]
        if not path:
            return super().write_feed(elements, context, path, url, feed_type, override_output, feed_title)
        full = sanitised_join(self.output_path, path)
        made_by = None
        values = {"elements": list(elements[:most])}
        if self._feeds_alone:
            made_by = digest(("feed", path, str(url), feed_type, str(feed_title)))
        if self._stands(full, made_by, values, override=override_output):
            return None
        seen = _Watched(context)
        with tracing(Trace(frozenset(values))) as trace:
            feed = super().write_feed(elements, seen, path, url, feed_type, override_output, feed_title)
        assert trace is not None  # noqa: S101 - what was handed over
        trace.reads["elements"] = {""}
        trace.facts |= seen.asked
        self._remember(full, made_by, trace, values)
        return feed

    # --- both

    def _stands(self, full: str, made_by: bytes | None, values: Mapping[str, Any], *, override: bool) -> bool:
        """Tell whether a file is what it would be; then it counts as written."""
        session = self._session
        path = full[len(self._root) + 1 :]
        was = session.before.get(path)
        if (
            was is None
            or made_by is None
            or session.full
            or was.made_by != made_by
            or was.unproven
            or not session.stale.isdisjoint(was.facts)
            or full in self._written_files
            or full in self._overridden_files
            or stamp(full)[:2] != was.stamp
        ):
            return False
        now = given(values, was.reads, session.encode)
        if now is None or now != was.given or not self._functions.repeat(was.effects):
            return False
        if override:
            self._overridden_files.add(full)
        self._written_files.add(full)
        session.outputs[path] = was
        return True

    def _remember(self, full: str, made_by: bytes | None, trace: Trace, values: Mapping[str, Any]) -> None:
        self.rendered += 1
        path = full[len(self._root) + 1 :]
        reads = tuple((name, tuple(sorted(what))) for name, what in sorted(trace.reads.items()))
        stands = given(values, reads, self._session.encode)
        twice = path in self._session.outputs
        unproven = trace.unproven or (
            "" if stands is not None and made_by and not twice else "values nothing is known of"
        )
        if not all(type(effect) in {str, tuple} for _, effect in trace.effects):
            unproven = unproven or "what was done besides cannot be kept"
        self._session.outputs[path] = Output(
            stamp=stamp(full)[:2],
            made_by=made_by or b"",
            facts=tuple(sorted(trace.facts)),
            reads=reads,
            given=stands or b"",
            unproven=unproven,
            effects=tuple(dict.fromkeys(trace.effects)),
        )

    def _open_w(self, filename: str, encoding: str, override: bool = False) -> Any:
        """Open a file for writing once, or twice where one of the two may override the other, as Pelican does."""
        if filename in self._overridden_files:
            if override:
                raise FileOverwriteFailedError(
                    f'Failed to overwrite "{filename}" a second time (was previously overwritten)'
                )
            logger.info('Skipping "%s", not overwriting', filename)
            return Path(os.devnull).open("w", encoding=encoding)
        if filename in self._written_files and not override:
            raise FileOverwriteFailedError(
                f'Failed to overwrite "{filename}" as Pelican has already written to it previously '
                "(set `override=True` if intended)"
            )
        if override:
            self._overridden_files.add(filename)
        self._written_files.add(filename)
        return Atomic(filename, encoding)


class _Watched(dict[str, Any]):
    """Pelican's context in the hands of those who add to feeds: what they ask for is noted."""

    def __init__(self, context: dict[str, Any]) -> None:
        super().__init__(context)
        self._context = context
        self.asked: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self.asked.add(f"v:{key}")
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Look up."""
        self.asked.add(f"v:{key}")
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self.asked.add(f"v:{key}")
        return super().__contains__(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._context[key] = value
        super().__setitem__(key, value)


def _strangers(signal: Any) -> bool:
    """Tell whether anybody listens who does not say that he reads nothing but what he is handed."""
    return any(
        not getattr(getattr(receiver, "__func__", receiver), "reads_what_it_is_given", False)
        for receiver in signal.receivers_for(None)
    )

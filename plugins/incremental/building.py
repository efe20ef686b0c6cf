"""The build: Pelican, with generators, readers and a writer that remember."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pelican import Pelican, signals
from pelican.generators import ArticlesGenerator, PagesGenerator, StaticGenerator
from pelican.log import console
from pelican.writers import Writer

from . import front
from .files import older, prune, sweep
from .generators import IncrementalArticles, IncrementalPages, IncrementalStatic
from .inputs import Recorder
from .reading import followed
from .session import Session
from .store import Damaged, Store
from .templates import Functions, Templates
from .variables import Seen
from .writing import IncrementalWriter

__all__ = ["Incremental"]

_REPLACED = {
    ArticlesGenerator: IncrementalArticles,
    PagesGenerator: IncrementalPages,
    StaticGenerator: IncrementalStatic,
}


class Incremental(Pelican):  # type: ignore[misc] # Pelican has no types
    """Pelican that builds what changed.

    Settings:
        INCREMENTAL_STORE: The folder for what is remembered; relative to the working directory. Default
            ``cache/incremental``.
        INCREMENTAL_PRUNE: Remove also what plugins wrote in the last build and did not write in this one. Only for
            sites whose plugins write all their files in every build.
    """

    def __init__(self, settings: dict[str, Any], recorder: Recorder | None = None) -> None:
        self._recorder = recorder or Recorder()
        self.receipt: str | None = None  # where the front looks next time
        self.fresh = False  # nothing that is remembered is used
        super().__init__(settings)

    @classmethod
    def listening(cls, settings: Callable[[], dict[str, Any]], *, store: str) -> Incremental:
        """Read the settings while every file that is opened is noted."""
        recorder = Recorder()
        recorder.start()
        read = settings()
        read.setdefault("INCREMENTAL_STORE", store)
        return cls(read, recorder)

    def run(self) -> None:
        """Build."""
        thresholds = gc.get_threshold()
        gc.set_threshold(50_000, 20, 100)
        self._recorder.start()
        try:
            try:
                self._run()
            except Damaged as error:
                _say(f"what was remembered is of no use ({error}); everything is built")
                self.fresh = True
                self._run()
        finally:
            gc.set_threshold(*thresholds)
            self._recorder.stop()

    def _run(self) -> None:
        output = os.path.abspath(self.output_path)
        folder = Path(str(self.settings.get("INCREMENTAL_STORE") or "cache/incremental"))
        name = blake2b(os.fsencode(output), digest_size=8).hexdigest()
        marker = folder / f"{name}.building"
        store = Store(folder / f"{name}.store")
        try:
            if self.fresh:
                store.reset("")
                store.lost = ""
            killed = marker.exists()
            if killed:
                sweep(output)
            marker.unlink(missing_ok=True)
            marker.touch()
            began = marker.stat().st_mtime_ns  # by the clock that stamps the files
            cleans = bool(self.settings["DELETE_OUTPUT_DIRECTORY"])
            self.delete_outputdir: bool = False
            self._session = Session(
                store=store, settings=self.settings, recorder=self._recorder, say=_say, began=began
            )
            self._session.recall()
            self._functions = Functions(self._session.encode)
            self._templates = Templates(dict(self._whole("templates") or ()))
            signals.generator_init.connect(self._watch)
            try:
                self._build()
            finally:
                signals.generator_init.disconnect(self._watch)
            unknown = killed or not self._session.before  # what stands there may be anybody's
            self._leave(
                output, began, unknown=unknown, prunes=cleans or bool(self.settings.get("INCREMENTAL_PRUNE"))
            )
            marker.unlink(missing_ok=True)
        finally:
            store.close()

    def _whole(self, name: str) -> Any:
        try:
            return self._session.store.whole(name)
        except Damaged:
            return None

    def _build(self) -> None:
        super().run()

    def _watch(self, generator: Any) -> None:
        self._functions.watch(generator.env)
        self._context = generator.context

    def _get_generator_classes(self) -> list[type]:
        return [
            type(kind.__name__, (_REPLACED[kind],), {"session": self._session}) if kind in _REPLACED else kind
            for kind in super()._get_generator_classes()
        ]

    def _get_writer(self) -> Writer:
        """Begin writing: from here on, what content says is compared with what it said."""
        writer = super()._get_writer()
        session = self._session
        if type(writer) is not Writer:
            session.say(f"the writer {type(writer).__module__} writes everything anew")
            return writer
        session.full = session.full or _wants_everything()
        if (
            session.full
        ):  # and nothing may be looked at before it is rendered: the first to link to a file decides
            session.say(f"all pages are rendered: {session.full}")
        if followed():
            session.say(f"all posts are looked at: {followed()} sees each as it is read")
        seen = Seen(self._context, self.settings, session.encode)
        session.known = lambda fact: self._functions.state(fact[2:]) if fact[:2] == "f:" else seen(fact)
        if not session.full:
            session.compare()
        return IncrementalWriter(
            self.output_path,
            self.settings,
            session=session,
            templates=self._templates,
            functions=self._functions,
        )

    def _leave(self, output: str, began: int, *, unknown: bool, prunes: bool) -> None:
        """Take away what is no longer made, and leave word for the next build."""
        session = self._session
        made = set(session.outputs)
        top = f"{output}{os.sep}"
        others = {path[len(top) :] for path in self._recorder.written if path.startswith(top)}
        others = {path for path in others if not path.endswith(".~incremental")} - made
        before = set(session.before)
        if prunes:
            before |= set(self._whole("others") or ())
        prune(output, (before - made) - others)
        if prunes and unknown:
            prune(output, [path for path in older(output, began) if path not in made])
        session.store.keep_whole("others", tuple(sorted(others)))
        session.store.keep_whole("templates", tuple(self._templates.used.items()))
        for name in sorted(self._functions.blind):
            session.say(f"pages that call {name}() are always rendered: nobody knows what it depends on")
        for kind, path in sorted(session.unkept.items()):
            session.say(
                f"posts like {path} are read in every build: they hold a {kind}, of which nothing is known"
            )
        until = session.until()
        session.finish()
        if self.receipt:
            skipped = (output, str(session.store.path.parent.resolve()))
            front.leave(
                self.receipt,
                read=self._recorder.read,
                written=[*made, *others, *_elsewhere(self._recorder.written, skipped)],
                output=output,
                began=began,
                until=until,
                skipped=skipped,
            )


def _elsewhere(written: Iterable[str], skipped: Sequence[str]) -> list[str]:
    """Give the files that were written outside these folders, and are still there."""
    inside = tuple(f"{folder}{os.sep}" for folder in skipped)
    return [path for path in written if not path.startswith(inside) and os.path.isfile(path)]


def _wants_everything() -> str:
    for signal in (
        signals.content_written,
        signals.feed_written,
        signals.article_generator_write_article,
        signals.page_generator_write_page,
    ):
        for receiver in signal.receivers_for(None):
            return f"{getattr(receiver, '__module__', 'a plugin')} sees each page as it is written"
    return ""


def _say(text: str) -> None:
    console.print(f"incremental: {text}", soft_wrap=True, highlight=False, markup=False)

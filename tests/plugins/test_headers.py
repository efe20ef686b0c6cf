"""The headers: one policy, in the words of each host."""

from __future__ import annotations

import pytest

from plugins.headers.hosts import FILES, netlify
from plugins.headers.policy import fixed, in_page, security_headers
from tests.browser.serving import headers_for
from tests.site_fixture.building import ROOT


def directives(policy: str) -> dict[str, str]:
    return dict(directive.split(" ", 1) for directive in policy.split("; "))


def test_nothing_is_allowed_but_what_is_named_and_nothing_in_line() -> None:
    policy = directives(security_headers("")["Content-Security-Policy"])
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert policy.pop("script-src") == "'self' 'wasm-unsafe-eval'"
    assert set(policy.values()) == {"'none'", "'self'"}


def test_a_page_without_the_search_takes_back_what_only_the_search_needs() -> None:
    assert directives(in_page("", search=False))["script-src"] == "'self'"
    assert directives(in_page("", search=True))["script-src"] == "'self' 'wasm-unsafe-eval'"


@pytest.mark.parametrize(
    ("form", "allowed"),
    [
        ("", "'self'"),
        ("/list/subscribe", "'self'"),
        ("https://list.example.org:8443/subscribe?to=all", "'self' https://list.example.org:8443"),
    ],
)
def test_the_form_may_post_to_where_it_posts_and_nowhere_else(form: str, allowed: str) -> None:
    assert directives(in_page(form, search=False))["form-action"] == allowed


def test_a_page_cannot_say_who_may_frame_it_and_does_not_try() -> None:
    assert "frame-ancestors" not in in_page("", search=True)


def test_each_host_is_told_every_header() -> None:
    headers = security_headers("https://list.example.org/subscribe")
    assert headers_for("/short-01/", netlify(headers)) == headers
    assert headers_for("/feed.atom", netlify(headers))["Content-Type"] == "application/atom+xml"
    for name, written in FILES.items():
        for header, value in headers.items():
            assert f'{header} "{value}"' in written(headers), name


def test_the_files_in_docs_are_the_ones_that_would_be_written_today() -> None:
    for name, written in FILES.items():
        assert (ROOT / "docs/hosting" / name).read_text(encoding="utf-8") == written(security_headers("")), (
            "run: python -m plugins.headers docs/hosting"
        )


@pytest.mark.parametrize("text", ['a"b', "a\nb", "a\rb", "a\0b"])
def test_no_value_ends_its_header(text: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in a header"):
        fixed(text)

"""The keys of front matter: which this project gives a meaning, which themes do, which no post may take."""

from __future__ import annotations

from difflib import get_close_matches

__all__ = ["LISTS", "RESERVED", "THEMES", "TYPED", "nearest"]

# Each is a field of schema.FrontMatter.
TYPED = frozenset(
    {"title", "date", "modified", "mail_at", "timezone", "id", "slug", "status", "lang", "translation"}
    | {"category", "tags", "author", "authors", "summary", "image", "image_alt", "content_note"}
    | {"series", "card"}
    | {"subject", "preheader", "mail", "template", "save_as", "url"}
)
LISTS = frozenset({"tags", "authors"})

# Without a meaning here, but common in Pelican's themes and plugins: handed on without a word.
THEMES = frozenset(
    {"banner", "changefreq", "color", "comments", "cover", "date_format", "description", "featured_image"}
    | {"gallery", "header_cover", "headline", "icon", "javascripts", "keywords", "license", "menu_order"}
    | {"modified_note", "og_description", "og_image", "og_title", "page_order", "priority", "private"}
    | {"redirect", "related_posts", "robots", "series_index", "shortcut", "show_toc", "sitemap"}
    | {"sort_order", "sortorder", "sources", "stylesheets", "subtitle", "thumbnail", "toc", "translator"}
    | {"twitter_image"}
)

# Pelican turns every key into an attribute of its article object, over whatever had that name before.
RESERVED = frozenset(
    {"allowed_statuses", "content", "default_status", "default_template", "filename", "get_content"}
    | {"get_relative_source_path", "get_siteurl", "get_static_links", "get_summary", "get_url_setting"}
    | {"in_default_lang", "is_valid", "locale_date", "locale_modified", "mandatory_properties", "metadata"}
    | {"reader", "refresh_metadata_intersite_links", "relative_dir", "relative_source_path", "settings"}
    | {"source_path", "translations", "url_format"}
)


def nearest(key: str) -> str | None:
    """Give the known key that somebody who wrote ``key`` most likely meant, or None."""
    folded = key.replace("-", "_").replace(" ", "_")
    if folded in TYPED:
        return folded
    return next(iter(get_close_matches(folded, sorted(TYPED), n=1, cutoff=0.75)), None)

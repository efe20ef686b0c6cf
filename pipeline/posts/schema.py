"""Front matter as this project understands it: one typed field per key."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict

from pipeline.posts import values
from pipeline.posts.values import Status

__all__ = ["FrontMatter", "Kind", "Status"]


class Kind(Enum):
    """What a file becomes."""

    POST = "post"
    PAGE = "page"


Line = Annotated[str, BeforeValidator(values.line_value)]
Date = Annotated[AwareDatetime | None, BeforeValidator(values.date_value)]
Names = Annotated[
    tuple[Annotated[str, BeforeValidator(values.name_value)], ...],
    BeforeValidator(values.names_value),
    AfterValidator(values.once),
]


class FrontMatter(BaseModel):
    """What a post says of itself. Empty text means that the post says nothing."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: Annotated[str, BeforeValidator(values.title_value)] = ""
    date: Date = None
    modified: Date = None
    mail_at: Date = None  # not to be mailed before
    timezone: Annotated[str, BeforeValidator(values.zone_value)] = ""  # IANA; of this post's dates
    id: Annotated[str, BeforeValidator(values.id_value)] = ""
    slug: Annotated[str, BeforeValidator(values.slug_value)] = ""
    status: Annotated[Status, BeforeValidator(values.status_value)] = Status.PUBLISHED
    lang: Annotated[str, BeforeValidator(values.language_value)] = ""
    translation: Line = ""  # Pelican: anything but false marks a translation
    category: Annotated[str, BeforeValidator(values.name_value)] = ""
    tags: Names = ()
    author: Annotated[str, BeforeValidator(values.name_value)] = ""
    authors: Names = ()
    card: Line = ""  # on the picture beside a shared link, instead of the title
    series: Annotated[str, BeforeValidator(values.name_value)] = ""  # the same name in each of its parts
    summary: Annotated[str, BeforeValidator(values.text_value)] = ""  # Markdown; may run over lines
    image: Annotated[str, BeforeValidator(values.image_value)] = ""  # path below content/, or an address
    image_alt: Line = ""
    content_note: Annotated[str, BeforeValidator(values.text_value)] = ""
    subject: Line = ""
    preheader: Line = ""
    mail: Annotated[bool, BeforeValidator(values.yes_or_no_value)] = True
    template: Annotated[str, BeforeValidator(values.template_value)] = ""
    save_as: Annotated[str, BeforeValidator(values.save_as_value)] | None = None  # "" means: write no page
    url: Line | None = None

"""Mailchimp: campaigns, audience, people and their words on it, behind the same protocols as the embedded list."""

from __future__ import annotations

from pipeline.providers.mailchimp.provider import MailchimpList

__all__ = ["MailchimpList"]

"""A Mailchimp to test against: its state and its rules, without the network.

It behaves as the Marketing API is known to: tracking is on unless a campaign says otherwise, a page holds ten, lists
may lag behind, a campaign is sent once, and nothing is idempotent that the real one does not make so.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests.providers.mailchimp import contract

__all__ = ["KEY", "LIST", "SENDER", "Answered", "FakeMailchimp"]

KEY = "0123456789abcdef0123456789abcdef-us7"
LIST = "abc123def4"
SENDER = "letters@belonging.example.org"

Json = dict[str, Any]


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True)
class Sending:
    """One sending that really happened."""

    campaign: str
    title: str
    at: datetime
    recipients: int
    tracking: Json
    html: str
    due: datetime | None  # when it was scheduled for, if it was


@dataclass
class FakeMailchimp:
    now: Callable[[], datetime]
    plan: str = "monthly"
    members: int = 100
    lag: timedelta = timedelta()
    unready: timedelta = timedelta()  # how long a fresh campaign's checklist says no
    strict: bool = True  # whether requests and answers are held against the description
    lists: dict[str, Json] = field(default_factory=dict)
    domains: list[Json] = field(default_factory=list)
    campaigns: dict[str, Json] = field(default_factory=dict)
    contents: dict[str, Json] = field(default_factory=dict)
    folders: list[Json] = field(default_factory=list)
    segments: list[Json] = field(default_factory=list)
    groups: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    people: dict[str, Json] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    confirmations: list[str] = field(
        default_factory=list
    )  # whom Mailchimp has asked whether an address is theirs
    locked: set[str] = field(default_factory=set)  # people whom nothing may be done about
    required: str = ""  # a field that a list may ask for besides the address
    sums: dict[str, Json] = field(default_factory=dict)
    sendings: list[Sending] = field(default_factory=list)
    tests: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    _versions: list[tuple[datetime, str, Json | None]] = field(default_factory=list)
    _late: list[tuple[datetime, Callable[[], object]]] = field(default_factory=list)
    _ids: int = 0

    def __post_init__(self) -> None:
        if not self.lists:
            self.add_list(LIST, "Belonging")
        if not self.domains:
            self.domains.append({"domain": SENDER.partition("@")[2], "verified": True, "authenticated": True})

    # --- what a test, or a person at Mailchimp's pages, does ---------------------------------------------------

    def add_list(self, identity: str, name: str) -> None:
        self.lists[identity] = {
            "id": identity,
            "name": name,
            "contact": {
                "company": "Belonging",
                "address1": "1 Example Street",
                "city": "Sampletown",
                "state": "",
                "zip": "12345",
                "country": "US",
            },
            "double_optin": True,
            "marketing_permissions": False,
            "use_archive_bar": False,
            "stats": {"member_count": self.members},
        }

    def by_title(self, part: str) -> list[Json]:
        return [c for c in self.campaigns.values() if part in c["settings"]["title"]]

    def person_creates(self, title: str, subject: str, **changes: Any) -> str:
        settings = {"title": title, "subject_line": subject, "from_name": "A person", "reply_to": SENDER}
        made = self._create({"type": "regular", "recipients": {"list_id": LIST}, "settings": settings})
        self.campaigns[made["id"]].update(changes)
        self._keep(made["id"])
        return str(made["id"])

    def person_sets(self, identity: str, **changes: Any) -> None:
        campaign = self.campaigns[identity]
        for name, value in changes.items():
            if isinstance(value, dict):
                campaign[name] = {**campaign[name], **value}
            else:
                campaign[name] = value
        self._keep(identity)

    def person_deletes(self, identity: str) -> None:
        del self.campaigns[identity]
        self._versions.append((self.now(), identity, None))

    def later(self, after: timedelta, do: Callable[[], object]) -> None:
        """Carry something out when time has passed, as a request does whose caller has gone."""
        self._late.append((self.now() + after, do))

    # --- requests -----------------------------------------------------------------------------------------------

    def handle(self, method: str, path: str, query: Mapping[str, str], body: bytes | None) -> Answered:
        """Answer one request; never fails."""
        self.settle()
        self.calls.append((method, path))
        if self.strict:
            contract.validate_request(method, path, query, body)
        answer = self._answer(method, path, query, json.loads(body) if body else None)
        if self.strict:
            contract.validate_answer(method, path, answer.status, answer.headers, answer.content)
        return replace(answer, headers={**answer.headers, "date": format_datetime(self.now(), usegmt=True)})

    def settle(self) -> None:
        """Let time do its work: late requests are carried out, sendings end, scheduled campaigns leave."""
        now = self.now()
        due = [entry for entry in self._late if entry[0] <= now]
        self._late = [entry for entry in self._late if entry[0] > now]
        for _, do in sorted(due, key=lambda entry: entry[0]):
            do()
        for identity, campaign in self.campaigns.items():
            if campaign["status"] == "schedule" and campaign["send_time"] <= _iso(now):
                self._leave(identity)
            if campaign["status"] == "sending" and campaign["send_time"] <= _iso(now - timedelta(minutes=1)):
                campaign["status"] = "sent"
                self._keep(identity)

    def _answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Answered:
        for verb, pattern, name in _ROUTES:
            found = pattern.fullmatch(path) if verb == method else None
            if found:
                try:
                    result = getattr(self, name)(*found.groups(), *_extra(name, query, body))
                except _Problem as problem:
                    return _problem(problem)
                if result is None:
                    return Answered(204, {}, b"")
                return _json(200, _filtered(result, query.get("fields", "")))
        return _problem(_Problem(404, "Resource Not Found"))

    # --- the account and its lists ------------------------------------------------------------------------------

    def _root(self) -> Json:
        return {
            "account_id": "8d3a3db4d97663a9074efcc16",
            "pricing_plan_type": self.plan,
            "first_payment": _iso(_LONG_AGO),
        }

    def _domains(self) -> Json:
        return {"domains": self.domains, "total_items": len(self.domains)}

    def _lists(self, query: Mapping[str, str]) -> Json:
        return _page("lists", list(self.lists.values()), query)

    def _list(self, identity: str) -> Json:
        if identity not in self.lists:
            raise _Problem(404, "Resource Not Found")
        return self.lists[identity]

    def _segments(self, identity: str, query: Mapping[str, str]) -> Json:
        return _page("segments", self.segments, query)

    def _groups(self, identity: str, query: Mapping[str, str]) -> Json:
        rows = [
            {"id": key, "title": title, "list_id": identity, "type": "checkboxes", "display_order": 0}
            for key, (title, _) in self.groups.items()
        ]
        return _page("categories", rows, query)

    def _interests(self, identity: str, group: str, query: Mapping[str, str]) -> Json:
        rows = [
            {"id": key, "name": name, "category_id": group, "list_id": identity, "subscriber_count": "7"}
            for key, name in self.groups[group][1].items()
        ]
        return _page("interests", rows, query)

    def _folders(self, query: Mapping[str, str]) -> Json:
        return _page("folders", self.folders, query)

    def _add_folder(self, body: Json) -> Json:
        folder = {"id": self._identity(), "name": body["name"], "count": 0}
        self.folders.append(folder)
        return folder

    # --- campaigns ----------------------------------------------------------------------------------------------

    def _campaigns(self, query: Mapping[str, str]) -> Json:
        before = self.now() - self.lag
        seen = {identity: document for at, identity, document in self._versions if at <= before}
        rows = [c for c in seen.values() if c is not None]
        if "list_id" in query:
            rows = [c for c in rows if c["recipients"]["list_id"] == query["list_id"]]
        rows.sort(key=lambda c: c["create_time"], reverse=query.get("sort_dir") == "DESC")
        return _page("campaigns", rows, query)

    def _create(self, body: Json) -> Json:
        if body.get("recipients", {}).get("list_id") not in self.lists:
            raise _Problem(400, "Invalid Resource", field="recipients.list_id")
        identity = self._identity()
        settings = {
            "subject_line": "",
            "preview_text": "",
            "title": "",
            "from_name": "",
            "reply_to": "",
            "use_conversation": False,
            "to_name": "",
            "folder_id": "",
            "authenticate": True,
            "auto_footer": False,
            "inline_css": False,
            "auto_tweet": False,
            "fb_comments": True,
            "timewarp": False,
            "template_id": 0,
            "drag_and_drop": False,
        }
        tracking = {
            "opens": True,
            "html_clicks": True,
            "text_clicks": False,
            "goal_tracking": False,
            "ecomm360": False,
            "google_analytics": "",
            "clicktale": "",
        }
        self.campaigns[identity] = {
            "id": identity,
            "web_id": self._ids,
            "type": body["type"],
            "create_time": _iso(self.now()),
            "archive_url": "http://eepurl.example/a",
            "status": "save",
            "emails_sent": 0,
            "content_type": "html",
            "recipients": self._recipients(body["recipients"]),
            "settings": {**settings, **body.get("settings", {})},
            "tracking": {**tracking, **body.get("tracking", {})},
            "delivery_status": {"enabled": False},
        }
        self.contents[identity] = {"html": "", "plain_text": ""}
        self._keep(identity)
        return self.campaigns[identity]

    def _recipients(self, given: Json) -> Json:
        options = given.get("segment_opts") or {}
        count = self.members
        if options.get("saved_segment_id"):
            count = next(s["member_count"] for s in self.segments if s["id"] == options["saved_segment_id"])
        elif options.get("conditions"):
            count = 7
        return {
            "list_id": given["list_id"],
            "list_is_active": True,
            "list_name": self.lists[given["list_id"]]["name"],
            "segment_text": "",
            "recipient_count": count,
            **({"segment_opts": options} if options else {}),
        }

    def _campaign(self, identity: str) -> Json:
        if identity not in self.campaigns:
            raise _Problem(404, "Resource Not Found")
        return self.campaigns[identity]

    def _editable(self, identity: str) -> Json:
        campaign = self._campaign(identity)
        if campaign["status"] not in {"save", "paused"}:
            raise _Problem(400, "Bad Request", detail="The campaign has been sent or is being sent.")
        return campaign

    def _update(self, identity: str, body: Json) -> Json:
        campaign = self._editable(identity)
        campaign["settings"] = {**campaign["settings"], **body["settings"]}
        campaign["tracking"] = {**campaign["tracking"], **body.get("tracking", {})}
        if "recipients" in body:
            campaign["recipients"] = self._recipients(body["recipients"])
        self._keep(identity)
        return campaign

    def _content(self, identity: str) -> Json:
        self._campaign(identity)
        return self.contents[identity]

    def _set_content(self, identity: str, body: Json) -> Json:
        self._editable(identity)
        self.contents[identity] = {"html": body.get("html", ""), "plain_text": body.get("plain_text", "")}
        return self.contents[identity]

    def _checklist(self, identity: str) -> Json:
        campaign, content = self._campaign(identity), self.contents[identity]
        items = []
        settings = campaign["settings"]
        for number, (heading, fine) in enumerate(
            {
                "Subject": bool(settings["subject_line"]),
                "From": bool(settings["from_name"]) and "@" in settings["reply_to"],
                "Content": "*|UNSUB|*" in content["html"] and "LIST_ADDRESS_HTML|*" in content["html"],
                "Audience": campaign["recipients"]["recipient_count"] > 0,
            }.items()
        ):
            kind = "success" if fine else "error"
            items.append({"type": kind, "id": 500 + number, "heading": heading, "details": heading})
        young = self.now() < _date(campaign["create_time"]) + self.unready
        return {"is_ready": not young and all(i["type"] == "success" for i in items), "items": items}

    def _send(self, identity: str) -> None:
        campaign = self._campaign(identity)
        if campaign["status"] != "save":
            raise _Problem(400, "Bad Request", detail="This campaign has already been sent.")
        if not self._checklist(identity)["is_ready"]:
            raise _Problem(400, "Bad Request", detail="Your Campaign is not ready to send.")
        self._leave(identity)

    def _leave(self, identity: str) -> None:
        campaign = self.campaigns[identity]
        due = _date(campaign["send_time"]) if campaign["status"] == "schedule" else None
        campaign["status"] = "sending"
        campaign["send_time"] = _iso(self.now())
        campaign["emails_sent"] = campaign["recipients"]["recipient_count"]
        self.lists[campaign["recipients"]["list_id"]]["stats"]["campaign_last_sent"] = _iso(self.now())
        self.sendings.append(
            Sending(
                campaign=identity,
                title=campaign["settings"]["title"],
                at=self.now(),
                recipients=campaign["emails_sent"],
                tracking=copy.deepcopy(campaign["tracking"]),
                html=self.contents[identity]["html"],
                due=due,
            )
        )
        self._keep(identity)

    def _schedule(self, identity: str, body: Json) -> None:
        campaign = self._campaign(identity)
        when = _date(body["schedule_time"])
        if self.plan == "forever_free":
            raise _Problem(403, "Forbidden", detail="Scheduling is not part of your plan.")
        if campaign["status"] != "save" or when.minute % 15 or when <= self.now():
            raise _Problem(400, "Bad Request", detail="This campaign cannot be scheduled.")
        campaign["status"] = "schedule"
        campaign["send_time"] = _iso(when)
        self._keep(identity)

    def _unschedule(self, identity: str) -> None:
        campaign = self._campaign(identity)
        if campaign["status"] != "schedule":
            raise _Problem(400, "Bad Request", detail="This campaign is not scheduled.")
        campaign["status"] = "save"
        campaign["send_time"] = ""
        self._keep(identity)

    def _test(self, identity: str, body: Json) -> None:
        self._campaign(identity)
        self.tests.append((identity, tuple(body["test_emails"])))

    def _remove(self, identity: str) -> None:
        self._campaign(identity)
        self.person_deletes(identity)

    def _report(self, identity: str) -> Json:
        campaign = self._campaign(identity)
        return {
            "id": identity,
            "emails_sent": campaign["emails_sent"],
            "abuse_reports": 0,
            "unsubscribed": 0,
            "bounces": {"hard_bounces": 0, "soft_bounces": 0, "syntax_errors": 0},
            "opens": {"opens_total": 0, "unique_opens": 0, "open_rate": 0},
            **self.sums.get(identity, {}),
        }

    # --- people -------------------------------------------------------------------------------------------------

    def _put_member(self, identity: str, name: str, query: Mapping[str, str], body: Json) -> Json:
        address = body["email_address"]
        self._open(name)
        self._complete(query, body)
        if name != hashlib.md5(address.lower().encode()).hexdigest():
            raise _Problem(400, "Invalid Resource")
        if name in self.forgotten:
            raise _Problem(400, "Forgotten Email Not Subscribed", detail=f"{address} was permanently deleted")
        if name not in self.people:
            person = {"id": name, "email_address": address, "status": "", "interests": {}}
            self.people[name] = person
            self._becomes(person, body["status_if_new"])
        person = self.people[name]
        if "status" in body:
            self._becomes(person, body["status"])
        person["interests"] = {**person["interests"], **body.get("interests", {})}
        return person

    def _open(self, name: str) -> None:
        if name in self.locked:
            raise _Problem(403, "Forbidden")

    def _complete(self, query: Mapping[str, str], body: Json) -> None:
        given = body.get("merge_fields", {})
        if self.required and self.required not in given and query.get("skip_merge_validation") != "true":
            raise _Problem(400, "Invalid Resource", field=self.required)

    def _becomes(self, person: Json, status: str) -> None:
        """Change where somebody stands; who is to be pending is asked, each time."""
        person["status"] = status
        if status == "pending":
            self.confirmations.append(person["id"])

    def _patch_member(self, identity: str, name: str, query: Mapping[str, str], body: Json) -> Json:
        if name not in self.people:
            raise _Problem(404, "Resource Not Found")
        self._complete(query, body)
        person = self.people[name]
        if "status" in body:
            self._becomes(person, body["status"])
        person["interests"] = {**person["interests"], **body.get("interests", {})}
        return person

    def _forget(self, identity: str, name: str) -> None:
        if name not in self.people:
            raise _Problem(404, "Resource Not Found")
        del self.people[name]
        self.forgotten.add(name)

    # --- parts --------------------------------------------------------------------------------------------------

    def _identity(self) -> str:
        """Make an id that says nothing of the order."""
        self._ids += 1
        return hashlib.sha256(f"id {self._ids}".encode()).hexdigest()[:10]

    def _keep(self, identity: str) -> None:
        self._versions.append((self.now(), identity, copy.deepcopy(self.campaigns[identity])))


class _Problem(Exception):
    def __init__(
        self, status: int, title: str, *, detail: str = "See the documentation.", field: str = ""
    ) -> None:
        self.status, self.title, self.detail, self.field = status, title, detail, field


_LONG_AGO = datetime(2019, 5, 1, tzinfo=UTC)
_ID = "([0-9a-z]+)"
_PATHS = (
    ("GET", "/", "_root"),
    ("GET", "/verified-domains", "_domains"),
    ("GET", "/lists", "_lists"),
    ("GET", f"/lists/{_ID}", "_list"),
    ("GET", f"/lists/{_ID}/segments", "_segments"),
    ("GET", f"/lists/{_ID}/interest-categories", "_groups"),
    ("GET", f"/lists/{_ID}/interest-categories/{_ID}/interests", "_interests"),
    ("GET", "/campaign-folders", "_folders"),
    ("POST", "/campaign-folders", "_add_folder"),
    ("GET", "/campaigns", "_campaigns"),
    ("POST", "/campaigns", "_create"),
    ("GET", f"/campaigns/{_ID}", "_campaign"),
    ("PATCH", f"/campaigns/{_ID}", "_update"),
    ("DELETE", f"/campaigns/{_ID}", "_remove"),
    ("GET", f"/campaigns/{_ID}/content", "_content"),
    ("PUT", f"/campaigns/{_ID}/content", "_set_content"),
    ("GET", f"/campaigns/{_ID}/send-checklist", "_checklist"),
    ("POST", f"/campaigns/{_ID}/actions/send", "_send"),
    ("POST", f"/campaigns/{_ID}/actions/schedule", "_schedule"),
    ("POST", f"/campaigns/{_ID}/actions/unschedule", "_unschedule"),
    ("POST", f"/campaigns/{_ID}/actions/test", "_test"),
    ("GET", f"/reports/{_ID}", "_report"),
    ("PUT", f"/lists/{_ID}/members/{_ID}", "_put_member"),
    ("PATCH", f"/lists/{_ID}/members/{_ID}", "_patch_member"),
    ("POST", f"/lists/{_ID}/members/{_ID}/actions/delete-permanent", "_forget"),
)
_ROUTES = tuple((verb, re.compile(pattern), name) for verb, pattern, name in _PATHS)
_WITH_QUERY = {
    "_lists",
    "_segments",
    "_groups",
    "_interests",
    "_folders",
    "_campaigns",
    "_put_member",
    "_patch_member",
}
_WITH_BODY = {
    "_add_folder",
    "_create",
    "_update",
    "_set_content",
    "_schedule",
    "_test",
    "_put_member",
    "_patch_member",
}


def _extra(name: str, query: Mapping[str, str], body: Any) -> Iterator[Any]:
    if name in _WITH_QUERY:
        yield query
    if name in _WITH_BODY:
        yield body


def _page(name: str, rows: list[Json], query: Mapping[str, str]) -> Json:
    start, count = int(query.get("offset", "0")), int(query.get("count", "10"))
    return {name: rows[start : start + count], "total_items": len(rows)}


def _filtered(document: Json, fields: str) -> Json:
    if not fields:
        return document
    wanted = [path.split(".") for path in fields.split(",")]
    return _picked(document, wanted)


def _picked(value: Any, paths: list[list[str]]) -> Any:
    if isinstance(value, list):
        return [_picked(part, paths) for part in value]
    if any(not path for path in paths) or not isinstance(value, dict):
        return value
    return {
        key: _picked(part, [path[1:] for path in paths if path[0] == key])
        for key, part in value.items()
        if any(path[0] == key for path in paths)
    }


def _json(status: int, document: Json, kind: str = "application/json; charset=utf-8") -> Answered:
    return Answered(status, {"content-type": kind}, json.dumps(document).encode())


def _problem(problem: _Problem) -> Answered:
    document = {
        "type": "https://mailchimp.com/developer/marketing/docs/errors/",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": "995c5cb0-3280-4a6e-808b-3b096d0bb219",
    }
    if problem.field:
        document["errors"] = [{"field": problem.field, "message": "is not valid"}]
    return _json(problem.status, document, "application/problem+json; charset=utf-8")


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S+00:00}"


def _date(text: str) -> datetime:
    return datetime.fromisoformat(text)

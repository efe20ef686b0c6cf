"""Lists from elsewhere: every line accounted for, every wish kept, and no address shown."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import BelongingError
from pipeline.store import engine
from pipeline.store.people import People
from pipeline.subscribers import Origin, SubscriberState
from pipeline.subscribers.consent import Consent
from pipeline.subscribers.importing import Importing, ImportReport
from tests.builders import KEYRING, NOW, address, person

CONFIRMED = SubscriberState.CONFIRMED


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that nobody is in; copying one is quicker than making one."""
    folder = tmp_path_factory.mktemp("empty")
    engine.connect("sqlite:///list.sqlite", folder).dispose()
    return folder / "list.sqlite"


@contextmanager
def _people(empty: Path, folder: Path) -> Iterator[People]:
    shutil.copy(empty, folder / "list.sqlite")
    store = engine.connect("sqlite:///list.sqlite", folder)
    yield People(store)
    store.dispose()


@pytest.fixture
def people(empty: Path, tmp_path: Path) -> Iterator[People]:
    with _people(empty, tmp_path) as people:
        yield people


def importing_into(people: People) -> Importing:
    return Importing(people=people, keyring=KEYRING, clock=lambda: NOW)


Import = Callable[..., ImportReport]


@pytest.fixture
def import_(people: People) -> Import:
    """Import a text; first dry, which has to say the same and to change nothing."""
    importing = importing_into(people)

    def imported(text: str, *, never: bool = False) -> ImportReport:
        before = people.count()
        said = importing.csv(io.StringIO(text, newline=""), dry=True, never=never)
        assert people.count() == before
        done = importing.csv(io.StringIO(text, newline=""), dry=False, never=never)
        assert said == done
        return done

    return imported


def numbers(report: ImportReport) -> dict[str, int]:
    """Answer what is not nought."""
    names = [
        "read",
        "added",
        "known",
        "suppressed",
        "left",
        "bounced",
        "complained",
        "own",
        "not_confirmed",
        "bad",
    ]
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def test_everybody_in_a_file_is_added_once(import_: Import, people: People) -> None:
    text = "Name,Email Address\nA,a@example.org\nB,b@example.org\nA again,A@EXAMPLE.org\n"
    assert numbers(import_(text)) == {"read": 3, "added": 2, "known": 1}
    assert numbers(import_(text)) == {"read": 3, "known": 3}
    assert people.count()[CONFIRMED] == 2


@pytest.mark.parametrize("name", ["email", "E-Mail", "Email Address", " ADDRESS ", "email_address"])
def test_the_column_is_found_by_any_of_its_names(import_: Import, name: str) -> None:
    assert import_(f"x,{name}\n1,a@example.org\n").added == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_any_system_ends_them(import_: Import, end: str) -> None:
    report = import_(end.join(["email", "a@example.org", "b@example.org", ""]))
    assert (report.added, report.bad) == (2, 0)


def test_quotes_commas_and_line_breaks_in_cells_are_what_csv_says(import_: Import) -> None:
    text = 'name,email\n"Doe, Jane","jane@example.org"\n"two\nlines",b@example.org\n"a ""quote""",c@example.org\n'
    assert numbers(import_(text)) == {"read": 3, "added": 3}


def test_a_bad_line_is_named_as_an_editor_numbers_it(import_: Import) -> None:
    text = 'email,note\na@example.org,"two\nlines"\n\nnobody,\n"also\nnobody",x\nb@example.org\n,\n'
    report = import_(text)
    assert report.bad_lines == (5, 6)
    assert numbers(report) == {"read": 4, "added": 2, "bad": 2}


def test_only_a_hundred_bad_lines_are_named_but_all_are_counted(import_: Import) -> None:
    report = import_("email\n" + "nobody\n" * 250)
    assert (report.bad, len(report.bad_lines), report.bad_lines[:2]) == (250, 100, (2, 3))


@pytest.mark.parametrize("word", ["subscribed", " Confirmed ", "ACTIVE", "enabled", "true", "yes"])
def test_who_the_file_calls_subscribed_is_taken(import_: Import, word: str) -> None:
    assert import_(f"email,status\na@example.org,{word}\n").added == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a@example.org,unsubscribed", "left"),
        ("a@example.org,Opted Out", "left"),
        ("a@example.org,cleaned", "bounced"),
        ("a@example.org,spam", "complained"),
        ("a@example.org,", "not_confirmed"),
        ("a@example.org", "not_confirmed"),
        ("a@example.org,what?", "not_confirmed"),
    ],
)
def test_who_the_file_does_not_call_subscribed_is_left_out(
    import_: Import, people: People, row: str, said: str
) -> None:
    assert numbers(import_(f"email,status\n{row}\n")) == {"read": 1, said: 1}
    assert not any(people.count().values())
    assert bool(people.suppressed([KEYRING.suppression_hash("a@example.org")])) == (said != "not_confirmed")


def test_who_asked_not_to_be_mailed_is_left_out_of_an_import(import_: Import, people: People) -> None:
    people.suppress([KEYRING.suppression_hash("gone@example.org")], "left", NOW)
    report = import_("email\ngone@example.org\nGONE@example.org\nhere@example.org\n")
    assert numbers(report) == {"read": 3, "added": 1, "suppressed": 2}


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "name,phone\nA,1\n", "a@example.org\nb@example.org\n", "name;email\nA;a@example.org\n"],
)
def test_a_file_without_a_column_for_the_address_is_refused(
    import_: Import, people: People, text: str
) -> None:
    with pytest.raises(BelongingError, match="line 1 names no column") as refused:
        import_(text)
    assert "@" not in str(refused.value)
    assert not any(people.count().values())


def test_a_file_that_breaks_off_half_way_adds_nobody(import_: Import, people: People) -> None:
    text = "email\n" + "".join(f"r{n}@example.org\n" for n in range(2_500)) + '"' + "x" * 140_000
    with pytest.raises(BelongingError, match="line 2502"):
        import_(text)
    assert not any(people.count().values())


def test_what_cannot_be_read_twice_is_taken_as_far_as_it_goes(people: People) -> None:
    class Pipe(io.StringIO):
        def seekable(self) -> bool:
            return False

    text = "email\n" + "".join(f"r{n}@example.org\n" for n in range(20_001)) + '"' + "x" * 140_000
    with pytest.raises(BelongingError, match="line 20003"):
        importing_into(people).csv(Pipe(text), dry=False)
    assert people.count()[CONFIRMED] == 20_000


cells = st.sampled_from(
    ["a@example.org", "b@example.org", "C@example.org", "c@example.org", "nobody", "", "x,y", 'q"']
)


@settings(max_examples=40)
@given(
    rows=st.lists(
        st.tuples(cells, st.sampled_from(["subscribed", "cleaned", "unsubscribed", "spam", ""])), max_size=12
    )
)
def test_every_line_is_accounted_for(
    empty: Path, tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    with _people(empty, tmp_path_factory.mktemp("list")) as people:
        people.suppress([KEYRING.suppression_hash("b@example.org")], "erased", NOW)
        importing = importing_into(people)
        quoted = ['"' + cell.replace('"', '""') + '"' for cell, _ in rows]
        text = "email,status\n" + "".join(
            f"{cell},{status}\n" for cell, (_, status) in zip(quoted, rows, strict=True)
        )
        said = importing.csv(io.StringIO(text), dry=True)
        report = importing.csv(io.StringIO(text), dry=False)
        assert said == report, "the dry run says what would be"
        assert report.read == sum(bool(cell.strip() or status) for cell, status in rows)
        found = numbers(report)
        assert report.read == sum(found.values()) - found.get("read", 0)
        never = {cell.lower() for cell, status in rows if status in {"cleaned", "unsubscribed", "spam"}}
        here = {cell.lower() for cell, status in rows if status == "subscribed" and "@" in cell}
        assert people.count()[CONFIRMED] == len(here - never - {"b@example.org"}), (
            "a wish to leave goes first"
        )


# --- whose list it was ----------------------------------------------------------------------------------------------

MAILCHIMP = "Email Address,First Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP"
SUBSTACK = "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at"
DASHBOARD = "Email,Name,Subscription type,Activity,Subscription date,Receiving emails for"
GHOST = "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels"
BUTTONDOWN = "email_address,notes,tags,type,creation_date,unsubscription_date,undeliverability_date"
LISTMONK = "uuid,email,name,attributes,status,created_at,updated_at"


@pytest.mark.parametrize(
    ("format_", "header", "row", "said"),
    [
        ("Mailchimp", f"{MAILCHIMP},LAST_CHANGED,LEID,EUID", "{},A,2,,,2020-01-02 03:04:05,,,1,2", "added"),
        ("Mailchimp", f"{MAILCHIMP},LAST_CHANGED,LEID,EUID", "{},A,2,,,,,,1,2", "not_confirmed"),
        ("Mailchimp", f"{MAILCHIMP},UNSUB_TIME,UNSUB_REASON,LEID", "{},A,,,,2020-01-02,,2021-01-01,,1", "left"),
        ("Mailchimp", f"{MAILCHIMP},UNSUB_TIME,UNSUB_REASON,LEID", "{},A,,,,,,2021-01-01,SPAM,1", "complained"),
        ("Mailchimp", f"{MAILCHIMP},CLEAN_TIME,LEID", "{},A,1,,,2020-01-02 03:04:05,,2021-01-01,1", "bounced"),
        ("Mailchimp", "Email Address,CONFIRM_TIME", "{},2020-01-02 03:04:05", "added"),
        ("Mailchimp", "Email Address,CONFIRM_TIME", "{},", "not_confirmed"),
        ("Mailchimp", "Email Address,UNSUB_TIME", "{},2021-01-01", "left"),
        ("Mailchimp", "Email Address,CLEAN_TIME", "{},2021-01-01", "bounced"),
        ("Substack", SUBSTACK, "{},false,,other,false,2020-01-02T03:04:05.000Z,", "added"),
        ("Substack", SUBSTACK, "{},true,2027-01-01,yearly,true,2020-01-02T03:04:05.000Z,", "left"),
        ("Substack", SUBSTACK, "{},true,2027-01-01,yearly,,2020-01-02T03:04:05.000Z,", "not_confirmed"),
        ("Substack's dashboard", DASHBOARD, "{},A,Free,5,2020-01-02T03:04:05Z,everything", "added"),
        ("Substack's dashboard", DASHBOARD, "{},A,Free,5,2020-01-02T03:04:05Z,", "not_confirmed"),
        ("Ghost", GHOST, "1,{},A,,true,false,,2020-01-02T03:04:05.000Z,,", "added"),
        ("Ghost", GHOST, "1,{},A,,false,false,,2020-01-02T03:04:05.000Z,,", "left"),
        ("Ghost", GHOST, "1,{},A,,true,false,,2020-01-02T03:04:05.000Z,2021-01-01,", "left"),
        ("Ghost", GHOST, "1,{},A,,,false,,2020-01-02T03:04:05.000Z,,", "not_confirmed"),
        ("Buttondown", BUTTONDOWN, "{},,,regular,2020-01-02T03:04:05Z,,", "added"),
        ("Buttondown", BUTTONDOWN, "{},,,premium,2020-01-02T03:04:05Z,,", "added"),
        ("Buttondown", BUTTONDOWN, "{},,,unactivated,2020-01-02T03:04:05Z,,", "not_confirmed"),
        ("Buttondown", BUTTONDOWN, "{},,,spammy,2020-01-02T03:04:05Z,,", "not_confirmed"),
        ("Buttondown", BUTTONDOWN, "{},,,unsubscribed,2020-01-02T03:04:05Z,2021-01-01,", "left"),
        ("Buttondown", BUTTONDOWN, "{},,,regular,2020-01-02T03:04:05Z,2021-01-01,", "left"),
        ("Buttondown", BUTTONDOWN, "{},,,regular,2020-01-02T03:04:05Z,,2021-01-01", "bounced"),
        ("Buttondown", BUTTONDOWN.replace("email_address", "email").replace(",type", ",subscriber_type"),
         "{},,,regular,2020-01-02T03:04:05Z,,", "added"),
        ("listmonk", LISTMONK, '1,{},A,"{{}}",enabled,2020-01-02 03:04:05.678 +0000 UTC,', "added"),
        ("listmonk", LISTMONK, '1,{},A,"{{}}",blocklisted,2020-01-02 03:04:05 +0000 UTC,', "left"),
        ("listmonk", LISTMONK, '1,{},A,"{{}}",disabled,2020-01-02 03:04:05 +0000 UTC,', "not_confirmed"),
    ],
)  # fmt: skip
def test_a_list_from_elsewhere_is_known_by_its_columns(
    import_: Import, people: People, *, format_: str, header: str, row: str, said: str
) -> None:
    report = import_(f"{header}\n{row.format('a@example.org')}\n")
    assert report.format == f"an export of {format_}"
    assert numbers(report) == {"read": 1, said: 1}
    if said == "added":
        ((someone, consent),) = people.after(-1, most=10)
        assert (someone.state, someone.origin) == (CONFIRMED, Origin.IMPORTED)
        assert someone.confirmed_at is not None
        assert someone.confirmed_at.replace(microsecond=0) == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
        assert consent is not None
        assert consent.path == f"import from an export of {format_}"
        assert consent.given_at == someone.confirmed_at


def test_a_consent_of_which_no_day_is_known_says_so(import_: Import, people: People) -> None:
    import_("email\na@example.org\n")
    ((_, consent),) = people.after(-1, most=10)
    assert consent is not None
    assert consent.path == "import from a plain CSV file; the day is that of the import"
    assert consent.given_at == NOW
    assert "not known" in consent.wording


@pytest.mark.parametrize(
    "day", ["2090-01-01", "yesterday", "0000-00-00", "2020-13-01", "9999-12-31T23:59:59-12:00"]
)
def test_an_impossible_day_is_no_day(import_: Import, people: People, day: str) -> None:
    import_(f"email,created_at\na@example.org,{day}\n")
    ((_, consent),) = people.after(-1, most=10)
    assert consent is not None
    assert consent.given_at == NOW


@pytest.mark.parametrize("order", [1, -1])
def test_who_left_elsewhere_is_not_mailed_whichever_file_comes_first(
    import_: Import, people: People, order: int
) -> None:
    files = [
        f"{MAILCHIMP},LEID\na@example.org,,,,,2020-01-02,,1\nb@example.org,,,,,2020-01-02,,2\n",
        f"{MAILCHIMP},UNSUB_TIME,LEID\nA@EXAMPLE.org,,,,,2020-01-02,,2021-01-02,1\n",
    ]
    for text in files[::order]:
        import_(text)
    assert people.count()[CONFIRMED] == 1
    assert people.suppressed([KEYRING.suppression_hash("a@example.org")])


def test_everybody_in_a_file_can_be_kept_unmailed(import_: Import, people: People) -> None:
    import_("email\na@example.org\nb@example.org\n")
    assert numbers(import_("email\na@example.org\nc@example.org\n", never=True)) == {"read": 2, "left": 2}
    assert people.count()[CONFIRMED] == 1
    assert len(people.suppressed([KEYRING.suppression_hash(f"{x}@example.org") for x in "abc"])) == 2


def test_who_confirmed_here_since_is_not_taken_off_by_an_old_file(import_: Import, people: People) -> None:
    someone = person(1)
    given = Consent(life=1, wording="Yes", asked_at=NOW, given_at=NOW, path="site form, mail, button")
    assert people.take_over([(replace(someone, origin=Origin.FORM), given)], [], NOW) == 1
    report = import_(f"email,status\n{address(1)},unsubscribed\n")
    assert numbers(report) == {"read": 1, "own": 1}
    assert people.count()[CONFIRMED] == 1
    assert not people.suppressed([KEYRING.suppression_hash(address(1))])


def test_a_wish_that_cannot_be_taken_back_goes_before_one_that_can(import_: Import, people: People) -> None:
    name = KEYRING.suppression_hash("a@example.org")
    import_("email,status\na@example.org,unsubscribed\n")
    assert not people.barred(name), "who left elsewhere may ask for letters here"
    people.suppress([name], "erased", NOW)
    assert people.barred(name)
    import_("email,status\na@example.org,unsubscribed\n")
    assert people.barred(name)

"""Conversations, messages, complaints: what may happen to each, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from domain.errors import Invalid, NotAllowed
from domain.message import Message, MessageType
from domain.message_report import MessageReport, ReportStatus
from domain.message_thread import Context, MessageThread
from domain.note import Note
from tests.specs import STREAM, given

GUEST, HOST, STAFF, LISTING, STAY, SAID = (UUID(int=n) for n in range(1, 7))
ABOUT = Context(GUEST, HOST, LISTING)


def begun(thread: MessageThread) -> None:
    thread.begin(ABOUT)


def spoken(thread: MessageThread) -> None:
    thread.send(SAID, GUEST)


def closed(thread: MessageThread) -> None:
    thread.close()


def reopened(thread: MessageThread) -> None:
    thread.reopen()


def test_a_conversation_begins_open_and_counts_its_messages() -> None:
    thread = given(MessageThread).having(begun).when(spoken).then("message_thread.message_sent.v1", sender=GUEST)
    assert (thread.open, thread.message_count) == (True, 1)
    given(MessageThread).having(begun).when(begun).nothing()


def test_a_hidden_message_counts_no_more() -> None:
    spec = given(MessageThread).having(begun, spoken).when(lambda thread: thread.hide(SAID))
    assert spec.then("message_thread.message_hidden.v1", message=SAID).message_count == 0


def test_nothing_is_said_in_a_closed_conversation_until_it_is_opened_again() -> None:
    assert not given(MessageThread).having(begun).when(closed).then("message_thread.closed.v1").open
    given(MessageThread).having(begun, closed).when(closed).nothing()
    given(MessageThread).having(begun, closed).when(spoken).refused("WRONG_STATE")
    given(MessageThread).having(begun, closed).when(reopened).then("message_thread.reopened.v1")
    given(MessageThread).having(begun).when(reopened).nothing()
    given(MessageThread).having(begun, closed, reopened).when(spoken).then("message_thread.message_sent.v1")


def test_an_archived_conversation_is_closed_and_gone() -> None:
    thread = given(MessageThread).having(begun).when(lambda t: t.archive()).then("message_thread.archived.v1")
    assert (thread.there, thread.open) == (False, False)


def test_each_party_talks_to_the_other_and_nobody_else_does() -> None:
    assert (ABOUT.other(GUEST), ABOUT.other(HOST), ABOUT.other(STAFF), ABOUT.other(None)) == (HOST, GUEST, None, None)


def test_a_stay_is_another_matter_than_its_listing_and_each_guest_than_another() -> None:
    stay = Context(GUEST, HOST, LISTING, STAY)
    other = Context(STAFF, HOST, LISTING)
    assert len({ABOUT.text, stay.text, other.text}) == 3


def sent(message: Message) -> None:
    message.send(thread=STREAM, sender=GUEST, type="text", content="Hello", media_url=None)


def test_a_message_is_unread_and_unflagged() -> None:
    message = given(Message).when(sent).then("message.sent.v1", content="Hello", sender=GUEST)
    assert (message.read, message.flagged_by, message.moderated, message.there) == (False, None, False, True)
    given(Message).having(sent).when(sent).nothing()


@pytest.mark.parametrize(
    ("type", "content", "media_url", "wrong"),
    [
        ("text", "", None, "content"),
        ("text", " \n", None, "content"),
        ("text", "Look", "https://innkeep.example/a.jpg", "mediaUrl"),
        ("media", "Look", None, "mediaUrl"),
        ("system", "", None, "content"),
    ],
)
def test_a_text_says_something_and_a_medium_is_somewhere(
    type: MessageType, content: str, media_url: str | None, wrong: str
) -> None:
    def send(message: Message) -> None:
        message.send(thread=STREAM, sender=GUEST, type=type, content=content, media_url=media_url)

    given(Message).when(send).invalid(wrong)


def test_a_medium_needs_no_words() -> None:
    url = "https://innkeep.example/a.jpg"
    given(Message).when(lambda m: m.send(thread=STREAM, sender=GUEST, type="media", content="", media_url=url)).then(
        "message.sent.v1", media_url=url
    )


def test_a_message_is_corrected_as_strictly_as_it_was_sent() -> None:
    def correct(message: Message) -> None:
        message.edit(content="Hello there", media_url=None)

    given(Message).having(sent).when(correct).then("message.edited.v1", content="Hello there")
    given(Message).having(sent, correct).when(correct).nothing()
    with pytest.raises(Invalid):
        given(Message).having(sent).when(lambda m: m.edit(content=" ", media_url=None)).nothing()


def test_what_was_read_stays_read() -> None:
    def read(message: Message) -> None:
        message.mark(read=True)

    def unread(message: Message) -> None:
        message.mark(read=False)

    assert given(Message).having(sent).when(read).then("message.read.v1").read
    given(Message).having(sent, read).when(read).nothing()
    given(Message).having(sent).when(unread).nothing()
    given(Message).having(sent, read).when(unread).refused("WRONG_STATE")


def test_one_flag_at_a_time_and_not_by_who_sent_it() -> None:
    def flagged(by: UUID) -> Callable[[Message], object]:
        return lambda message: message.flag(by)

    given(Message).having(sent).when(flagged(HOST)).then("message.flagged.v1", by=HOST)
    given(Message).having(sent, flagged(HOST)).when(flagged(HOST)).nothing()
    given(Message).having(sent, flagged(HOST)).when(flagged(STAFF)).refused("WRONG_STATE")
    given(Message).having(sent, flagged(HOST)).when(lambda m: m.unflag()).then("message.unflagged.v1")
    given(Message).having(sent).when(lambda m: m.unflag()).nothing()
    with pytest.raises(NotAllowed):
        given(Message).having(sent).when(flagged(GUEST)).nothing()


def test_staff_tick_off_a_message_and_may_look_again() -> None:
    given(Message).having(sent).when(lambda m: m.moderate(moderated=True)).then("message.moderated.v1", moderated=True)
    given(Message).having(sent).when(lambda m: m.moderate(moderated=False)).nothing()


def test_a_message_is_hidden_once() -> None:
    def hide(message: Message) -> None:
        message.hide()

    assert not given(Message).having(sent).when(hide).then("message.hidden.v1").there
    given(Message).having(sent, hide).when(hide).nothing()


def filed(report: MessageReport) -> None:
    report.file(message=SAID, sender=GUEST, reporter=HOST, reason="Rude")


def moved(status: ReportStatus, admin: UUID | None = STAFF) -> Callable[[MessageReport], object]:
    return lambda report: report.move(status, admin)


def test_a_report_goes_on_and_never_back() -> None:
    given(MessageReport).when(filed).then("message_report.filed.v1", reporter=HOST, reason="Rude")
    given(MessageReport).having(filed).when(filed).nothing()
    given(MessageReport).having(filed).when(moved("reviewed")).then("message_report.moved.v1", admin=STAFF)
    given(MessageReport).having(filed).when(moved("closed")).then("message_report.moved.v1", status="closed")
    given(MessageReport).having(filed, moved("reviewed")).when(moved("reviewed")).nothing()
    given(MessageReport).having(filed, moved("reviewed")).when(moved("pending")).refused("WRONG_STATE")
    given(MessageReport).having(filed, moved("closed")).when(moved("reviewed")).refused("WRONG_STATE")


def test_a_report_knows_whose_notes_count() -> None:
    def noted(report: MessageReport) -> None:
        report.note(STAFF)

    given(MessageReport).having(filed).when(noted).then("message_report.noted.v1", by=STAFF)
    given(MessageReport).having(filed, noted).when(lambda r: r.note(None)).then("message_report.noted.v1", by=None)
    given(MessageReport).having(filed).when(lambda r: r.note(None)).nothing()


def test_a_note_is_its_authors_and_may_be_written_again() -> None:
    def write(note: Note) -> None:
        note.write("flag", SAID, HOST, "Rude")

    given(Note).when(write).then("note.written.v1", author=HOST, about=SAID, text="Rude")
    given(Note).having(write).when(write).then("note.written.v1", text="Rude")
    assert (
        len({Note.id_of("flag", SAID, HOST), Note.id_of("flag", SAID, STAFF), Note.id_of("resolution", SAID, HOST)})
        == 3
    )

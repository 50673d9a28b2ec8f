"""One login, from its start to its end. A token is only a pointer to it."""

from __future__ import annotations

from uuid import UUID

from domain.kernel import Aggregate, event
from domain.user import User


class Session(Aggregate):
    """A login of a user."""

    TOPIC = "session"

    def __init__(self) -> None:
        self.user: UUID | None = None
        self.epoch = 0
        self.ended = False

    def start(self, user: UUID, epoch: int) -> None:
        """Begin, in the user's present epoch: what ends all sessions later ends this one, and so does what ended them
        while the password was still being compared.
        """
        if self.user is None:
            self._started(user=user, epoch=epoch)

    def end(self) -> None:
        """Log out."""
        if self.user is not None and not self.ended:
            self._ended()

    def counts_for(self, user: User) -> bool:
        """Whether whoever has this session acts as that user now."""
        return (
            user.active
            and not self.ended
            and self.user == user.id
            and (self.epoch == user.epoch or user.kept_session == self.id)
        )

    @event("Started", topic="session.started.v1")
    def _started(self, user: UUID, epoch: int) -> None:
        self.user, self.epoch = user, epoch

    @event("Ended", topic="session.ended.v1")
    def _ended(self) -> None:
        self.ended = True

"""An event goes into the trash, and a conference of ours with it."""

from dataclasses import dataclass

from confsync.usecases.writing.event_writer import EventWriter, Request


@dataclass(frozen=True, kw_only=True)
class DeleteEvent:
    """A series goes whole, one of its instances alone."""

    writer: EventWriter

    def __call__(self, request: Request, event_id: str, *, if_match: str | None = None) -> None:
        """Put the event into the trash; a conference of ours goes with it. Raises `NotFound`, `PreconditionFailed`."""
        calendar = self.writer.open(request)
        calendar.google.delete_event(calendar.id, event_id, etag=if_match, send_updates=request.send_updates)
        self.writer.sync_soon(calendar, event_id)

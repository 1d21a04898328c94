"""Every service that is known, one row each: what their addresses look like, and which ones lead nowhere."""

from confsync.domain.detection.catalogue.calls import CALLS
from confsync.domain.detection.catalogue.ended import ENDED
from confsync.domain.detection.catalogue.google import GOOGLE
from confsync.domain.detection.catalogue.nylas import NYLAS
from confsync.domain.detection.catalogue.rooms import ROOMS
from confsync.domain.detection.catalogue.servers import SERVERS
from confsync.domain.detection.catalogue.stages import STAGES

SERVICES = (*GOOGLE, *NYLAS, *CALLS, *ROOMS, *STAGES, *SERVERS, *ENDED)

_NAMED = {name.lower(): row.told for row in SERVICES for name in (row.name, row.told, *row.also)}


def provider(name: str) -> str | None:
    """The provider that somebody calls so, as the conferencing object has it; None if there is none in the catalogue.

    Upper and lower case are the same.
    """
    return _NAMED.get(" ".join(name.lower().split()))

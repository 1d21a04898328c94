"""The meetings that are, and who is in them."""

import re
import secrets
import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from playground.vendors.bigbluebutton.account import (
    CREATE,
    JOIN,
    Account,
    BigBlueButtonError,
    check_meeting_id,
    check_name,
    check_parameters,
)
from playground.vendors.bigbluebutton.meeting import Meeting

_CUSTOM = re.compile("userdata-[A-Za-z][A-Za-z0-9_-]*")


class BigBlueButtonService:
    """The server's state. Every method is atomic. `clock` tells the time."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.account = Account()
        self.clock = clock
        self._lock = threading.RLock()
        self._meetings: list[Meeting] = []
        self._joins: list[dict[str, Any]] = []
        self._secrets: set[str] = set()

    # --- control ---

    def configure(self, **changes: Any) -> Account:
        """Change fields of the account. Raises TypeError for an unknown one."""
        with self._lock:
            self._secrets.add(self.account.secret)
            self.account = replace(self.account, **changes)
            return self.account

    def reset(self) -> None:
        """Back to an empty server; what was secret stays so."""
        with self._lock:
            self.configure(**vars(Account()))
            self._meetings.clear()
            self._joins.clear()

    def meetings(self) -> list[dict[str, Any]]:
        """Every living meeting as by `getMeetingInfo`, oldest first, and the `parameters` of its `create`."""
        with self._lock:
            now = self.clock()
            return [{**each.info(self.account, now), "parameters": dict(each.given)} for each in self._living()]

    def joins(self) -> list[dict[str, Any]]:
        """Who joined what as whom, in this order, whether or not they have left."""
        with self._lock:
            return deepcopy(self._joins)

    def mails(self) -> list[str]:
        """None: the server writes to nobody."""
        return []

    def hidden(self) -> frozenset[str]:
        """The shared secret as it is and was, the passwords, and the tokens of people's sessions."""
        with self._lock:
            return frozenset({*self._secrets, self.account.secret})

    def leave(self, meeting_id: str, user_id: str | None = None) -> None:
        """This user goes, or everybody."""
        with self._lock:
            meeting = self._find(meeting_id)
            meeting.people = [each for each in meeting.people if user_id not in {None, each["userID"]}]
            if meeting.joined and not meeting.people:
                meeting.empty_since = self.clock()

    # --- the calls ---

    def create(self, given: Mapping[str, str]) -> dict[str, Any]:
        with self._lock:
            meeting_id = check_meeting_id(given)
            check_name(given.get("name", ""), self.account.longest_name)
            check_parameters(given, CREATE)
            same = next((each for each in self._running() if each.given["meetingID"] == meeting_id), None)
            if same is not None:
                if not same.agrees(given, self.account):
                    message = "A meeting already exists with that meeting ID.  Please use a different meeting ID."
                    raise BigBlueButtonError("idNotUnique", message)
                warning = "This conference was already in existence and may currently be in progress."
                return {**same.created(self.account), "messageKey": "duplicateWarning", "message": warning}
            taken = {each.voice_bridge for each in self._running()}
            if given.get("voiceBridge") in taken:
                message = "The selected voice bridge is already in use."
                raise BigBlueButtonError("nonUniqueVoiceBridge", message, listed=True)
            free = (str(10_000 + secrets.randbelow(90_000)) for _ in range(1000))
            meeting = Meeting(
                given=dict(given),
                born=self.clock(),
                attendee_pw=given.get("attendeePW") or secrets.token_urlsafe(6),
                moderator_pw=given.get("moderatorPW") or secrets.token_urlsafe(6),
                voice_bridge=given.get("voiceBridge") or next(each for each in free if each not in taken),
            )
            self._secrets |= {meeting.attendee_pw, meeting.moderator_pw}
            self._meetings.append(meeting)
            return {**meeting.created(self.account), "messageKey": "", "message": ""}

    def join(self, given: Mapping[str, str]) -> dict[str, Any]:
        """What `redirect=false` answers, without the `url`; `guestStatus` WAIT: has to wait for a moderator."""
        with self._lock:
            meeting = self._find(check_meeting_id(given), key="invalidMeetingIdentifier")
            if meeting not in self._running():
                message = "You can not join a meeting that has already been forcibly ended"
                raise BigBlueButtonError("meetingForciblyEnded", message)
            if not given.get("fullName", "").strip():
                raise BigBlueButtonError("missingParamFullName", "You must provide your name")
            check_parameters(given, JOIN)
            if given.get("createTime", str(meeting.create_time)) != str(meeting.create_time):
                message = "The createTime parameter submitted mismatches with the current meeting."
                raise BigBlueButtonError("mismatchCreateTimeParam", message)
            role = meeting.role(given)
            guest = given.get("guest") == "true" and role != "MODERATOR"
            policy = meeting.given.get("guestPolicy", "ALWAYS_ACCEPT")
            if guest and policy == "ALWAYS_DENY":
                message = "You have been denied access to this meeting based on the meeting's guest policy"
                raise BigBlueButtonError("guestDeniedAccess", message)
            most = int(meeting.given.get("maxParticipants", 0))
            if most and len(meeting.people) >= most:
                message = "The number of participants allowed for this meeting has been reached."
                raise BigBlueButtonError("maxParticipantsReached", message)
            waits = guest and policy == "ASK_MODERATOR"
            internal = f"w_{secrets.token_hex(6)}"
            user_id = given.get("userID") or internal
            who = {"userID": user_id, "fullName": given["fullName"], "role": role}
            told = {"meetingID": meeting.given["meetingID"], **who, "guest": guest, "waits": waits}
            self._joins.append({**told, "at": self.clock().isoformat()})
            if not waits:
                custom = {name[9:]: value for name, value in given.items() if _CUSTOM.fullmatch(name)}
                meeting.people.append({**who, "customdata": custom})
                meeting.joined, meeting.empty_since = True, None
            tokens = {"auth_token": secrets.token_hex(6), "session_token": secrets.token_hex(8)}
            self._secrets |= set(tokens.values())
            status = {"messageKey": "successfullyJoined", "message": "You have joined successfully."}
            if waits:
                status = {"messageKey": "guestWait", "message": "Guest waiting for approval to join meeting."}
            status |= {"meeting_id": meeting.internal_id, "user_id": internal, **tokens}
            return {**status, "guestStatus": "WAIT" if waits else "ALLOW"}

    def end(self, given: Mapping[str, str]) -> dict[str, Any]:
        """It takes `end_seconds`. The password is "no longer required", nor looked at."""
        with self._lock:
            meeting = self._find(check_meeting_id(given))
            meeting.ends = meeting.ends or self.clock() + timedelta(seconds=self.account.end_seconds)
            return {
                "messageKey": "sentEndMeetingRequest",
                "message": "A request to end the meeting was sent.  Please wait a few seconds, and then use the"
                " getMeetingInfo or isMeetingRunning API calls to verify that it was ended.",
            }

    def is_running(self, given: Mapping[str, str]) -> dict[str, Any]:
        """True when somebody is in; false too when there is no such meeting."""
        with self._lock:
            meeting_id = check_meeting_id(given)
            return {"running": any(each.people for each in self._running() if each.given["meetingID"] == meeting_id)}

    def info(self, given: Mapping[str, str]) -> dict[str, Any]:
        with self._lock:
            return self._find(check_meeting_id(given)).info(self.account, self.clock())

    def all(self, given: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        """It takes no parameters."""
        with self._lock:
            meetings = [each.info(self.account, self.clock()) for each in self._living()]
            empty = {"messageKey": "noMeetings", "message": "no meetings were found on this server"}
            return {"meetings": {"meeting": meetings}, **({} if meetings else empty)}

    def logout_url(self, given: Mapping[str, str]) -> str | None:
        """Where who cannot join is sent, None: to the server's default."""
        with self._lock:
            meetings = (each for each in self._living() if each.given["meetingID"] == given.get("meetingID"))
            meeting = next(meetings, None)
            return given.get("errorRedirectUrl") or (meeting.given.get("logoutURL") if meeting else None)

    # --- the meetings ---

    def _living(self) -> list[Meeting]:
        """All that are shown, the ended for `ended_seconds` more."""
        now, shown = self.clock(), timedelta(seconds=self.account.ended_seconds)
        ends = ((each, each.over(self.account)) for each in self._meetings)
        self._meetings = [each for each, end in ends if end is None or now < end + shown]
        return self._meetings

    def _running(self) -> list[Meeting]:
        now = self.clock()
        ends = ((each, each.over(self.account)) for each in self._living())
        return [each for each, end in ends if end is None or now < end]

    def _find(self, meeting_id: str, *, key: str = "notFound") -> Meeting:
        """The last one of that id, the server's own (`internalMeetingID`) is good too."""
        found = [each for each in self._living() if meeting_id in {each.given["meetingID"], each.internal_id}]
        if not found:
            raise BigBlueButtonError(key, "A meeting with that ID does not exist")
        return found[-1]

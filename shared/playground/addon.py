"""The conferencing add-on as Calendar has it installed: what it is asked, and what its answers mean.

https://developers.google.com/workspace/add-ons/guides/alternate-runtimes (event objects),
https://developers.google.com/workspace/add-ons/reference/rpc/apps.extensions.markup (ConferenceDataMarkup)
"""

from dataclasses import dataclass
from typing import Any, Protocol

import requests

Json = dict[str, Any]

_CODES = ("label", "meetingCode", "accessCode", "passcode", "password", "pin", "regionCode")
_TIMEOUT = 30
"""Seconds that Calendar waits for an add-on."""


class IdTokens(Protocol):
    """Signs identity tokens as Google does."""

    def mint(self, email: str, audience: str) -> str:
        """A JWT that says `email` calls `audience`."""
        ...


class ConferenceError(Exception):
    """The add-on answered with an error, which Calendar shows to the person."""

    def __init__(self, kind: str, authentication_url: str | None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.authentication_url = authentication_url


class AddOnFailedError(Exception):
    """The add-on did not answer in the way that Calendar understands."""


@dataclass(frozen=True, kw_only=True)
class Solution:
    """One `conferenceSolution` of the add-on's manifest."""

    id: str
    name: str
    on_create_url: str
    icon_uri: str = "https://lh5.googleusercontent.com/example-icon"


@dataclass(frozen=True, kw_only=True)
class AddOn:
    """The conferencing add-on as installed: where Calendar calls it, and as whom."""

    solutions: tuple[Solution, ...]
    audience: str
    service_account: str
    oauth_client_id: str
    id_tokens: IdTokens
    scopes: tuple[str, ...] = ("https://www.googleapis.com/auth/calendar.events", "openid", "email")

    def solution(self, solution_id: str) -> Solution:
        """The solution of that id. Raises LookupError."""
        found = [solution for solution in self.solutions if solution.id == solution_id]
        if not found:
            raise LookupError(f"The add-on has no solution {solution_id}.")
        return found[0]

    def ask(self, solution_id: str, *, email: str, user_token: str, common: Json, calendar: Json) -> Json:
        """The conference that the add-on makes for that person, in the API's form.

        Raises LookupError, ConferenceError, AddOnFailedError.
        """
        solution = self.solution(solution_id)
        system_token = self.id_tokens.mint(self.service_account, self.audience)
        authorization = {
            "systemIdToken": system_token,
            "userIdToken": self.id_tokens.mint(email, self.oauth_client_id),
            "userOAuthToken": user_token,
            "authorizedScopes": list(self.scopes),
        }
        answer = requests.post(
            solution.on_create_url,
            json={"commonEventObject": common, "authorizationEventObject": authorization, "calendar": calendar},
            headers={"Authorization": f"Bearer {system_token}"},
            timeout=_TIMEOUT,
        )
        return _as_conference_data(_markup(answer), solution)


def _markup(answer: requests.Response) -> Json:
    """The ConferenceDataMarkup in an add-on's answer, with or without the `renderActions` around it."""
    try:
        document = answer.json()
        action = document.get("renderActions", document)["hostAppAction"]["calendarAction"]
        markup = action["createConferenceDataActionMarkup"]["createConferenceData"]
    except (ValueError, KeyError, TypeError, AttributeError):
        markup = None
    if not answer.ok or not isinstance(markup, dict):
        raise AddOnFailedError(f"HTTP {answer.status_code}: {answer.text[:300]}")
    if error := markup.get("error"):
        raise ConferenceError(error.get("type", "UNKNOWN"), error.get("authenticationUrl"))
    return markup


def _as_conference_data(markup: Json, solution: Solution) -> Json:
    """The add-on's markup as the API shows it: name and icon come from the manifest."""
    if markup.get("conferenceSolutionId") != solution.id:
        raise AddOnFailedError(f"conferenceSolutionId must be {solution.id}.")
    if missing := {"conferenceId", "entryPoints"} - markup.keys():
        raise AddOnFailedError(f"The conference lacks {', '.join(sorted(missing))}.")
    data: Json = {
        "conferenceSolution": {"key": {"type": "addOn"}, "name": solution.name, "iconUri": solution.icon_uri},
        "conferenceId": markup["conferenceId"],
        "entryPoints": [_as_entry_point(point) for point in markup["entryPoints"]],
    }
    if parameters := markup.get("parameters"):
        pairs = {pair["key"]: pair["value"] for pair in parameters}
        data["parameters"] = {"addOnParameters": {"parameters": pairs}}
    if markup.get("note"):
        data["notes"] = markup["note"]
    return data


def _as_entry_point(point: Json) -> Json:
    result = {"entryPointType": point["type"].lower(), "uri": point["uri"]}
    result |= {name: point[name] for name in _CODES if point.get(name)}
    features = [feature.lower() for feature in point.get("features", ())]
    return result | ({"entryPointFeatures": features} if features else {})

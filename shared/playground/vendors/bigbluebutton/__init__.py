"""A BigBlueButton server on loopback: https://docs.bigbluebutton.org/development/api (3.0).

What that page leaves open is as in the server's own code (bigbluebutton/bigbluebutton: ApiController.groovy,
ValidationService.java and the validators beside it).

Under `/_playground/`: `GET meetings` shows everything that lives, with all parameters of its `create`; `GET joins`
tells who came where as what; `DELETE attendees?meetingID=...[&userID=...]` has people leave; `GET mails` is always
empty (the server writes to nobody), `PUT settings` changes how the server behaves (any field of `Account`). `join`
redirects to a page at `/html5client/`, and the person is in without opening it.
"""

from playground.vendors.bigbluebutton.account import Account
from playground.vendors.bigbluebutton.app import create_app
from playground.vendors.bigbluebutton.service import BigBlueButtonService

__all__ = ["Account", "BigBlueButtonService", "create_app"]

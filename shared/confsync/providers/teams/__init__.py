"""Microsoft Teams meetings, through Microsoft Graph.

https://learn.microsoft.com/graph/api/resources/onlinemeeting
With an application of the organisation, which acts for every user whom an application access policy allows it; the
secret is a JSON object with tenant_id, client_id and client_secret. Or with each person's own account.
"""

from confsync.providers.teams.login import LOGIN
from confsync.providers.teams.provider import VENDOR, Teams

__all__ = ["LOGIN", "VENDOR", "Teams"]

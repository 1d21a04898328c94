"""What Entra says of itself, and its form of a refusal.

The addresses in it are the vendor's own, wherever this runs: msal takes none but https, so whoever runs it against this
tenant gives it an HTTP client that knows the way.
"""

from datetime import datetime
from typing import Any
from uuid import uuid4

LOGIN = "https://login.microsoftonline.com"
_TEXT = "AADSTS{}: {}\r\nTrace ID: {}\r\nCorrelation ID: {}\r\nTimestamp: {}"


class EntraError(Exception):
    """A refusal in Entra's form, with its AADSTS number."""

    def __init__(self, error: str, number: int, text: str, *, status: int = 400, suberror: str = "") -> None:
        super().__init__(text)
        self.error, self.number, self.text, self.status, self.suberror = error, number, text, status, suberror

    def body(self, at: datetime) -> dict[str, Any]:
        """The answer's body, as of that time."""
        trace, correlation, stamp = str(uuid4()), str(uuid4()), at.strftime("%Y-%m-%d %H:%M:%SZ")
        return {
            "error": self.error,
            "error_description": _TEXT.format(self.number, self.text, trace, correlation, stamp),
            "error_codes": [self.number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{LOGIN}/error?code={self.number}",
            **({"suberror": self.suberror} if self.suberror else {}),
        }


def configuration(tenant: str, tenant_id: str) -> dict[str, Any]:
    """The OpenID configuration of the tenant, under the name that was asked for."""
    base = f"{LOGIN}/{tenant}"
    return {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": f"{LOGIN}/{tenant_id}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "msgraph_host": "graph.microsoft.com",
    }


def known_instances(host: str) -> dict[str, Any]:
    """Answer `GET /common/discovery/instance`: msal asks it which names the login host has."""
    names = [host, "login.windows.net", "login.microsoft.com", "sts.windows.net"]
    group = {"preferred_network": host, "preferred_cache": "login.windows.net", "aliases": names}
    return {
        "tenant_discovery_endpoint": f"{LOGIN}/common/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [group],
    }

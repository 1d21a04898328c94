"""Who is calling one of our functions, as a Google-signed identity token proves it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Caller:
    """`hosted_domain` is a Workspace account's domain.

    https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload
    """

    email: str
    hosted_domain: str | None = None
    name: str = field(default="", compare=False)
    """As the account has it, if it tells."""

    @property
    def tenant(self) -> str:
        """Whose conferences may be shared with this caller's events: the Workspace domain, else the account alone.

        The address's own domain will not do: strangers share gmail.com.
        """
        return self.hosted_domain or self.email.lower()

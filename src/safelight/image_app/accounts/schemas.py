"""Accounts and tokens as clients see them."""

from typing import Annotated, Literal

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from pydantic import AfterValidator, ConfigDict, Field, model_validator

from safelight.image_app.schemas import STORABLE, Answer, Body, Id, Time, storable

# The library's own way to take `.local`, `.test` and such: nobody is written to, so an address only
# has to look like one, and an office may well have its own domain.
SPECIAL_USE_DOMAIN_NAMES.clear()


def _email(text: str) -> str:
    try:
        return validate_email(text, strict=True, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise ValueError("must be an e-mail address") from None


def login_name(text: str) -> str:
    """A username or an e-mail as it is kept, in whatever case and spelling it was typed."""
    try:
        return _email(text) if "@" in text else text.lower()
    except ValueError:
        return text.lower()


Username = Annotated[str, Field(pattern=r"^[a-z0-9_-]*$", min_length=3, max_length=32)]
Email = Annotated[
    str, Field(max_length=254, json_schema_extra={"format": "email"}), AfterValidator(_email)
]
Password = Annotated[str, Field(min_length=10, max_length=128), AfterValidator(storable), STORABLE]


class Registration(Body):
    """A new account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "username": "ann",
                    "email": "ann@example.com",
                    "password": "correct horse battery",
                }
            ]
        }
    )

    username: Username
    email: Email
    password: Password


class TokenRequest(Body):
    """OAuth 2: the password grant, or the refresh grant."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"grant_type": {"const": "refresh_token"}}},
            "then": {"required": ["refresh_token"]},
            "else": {"required": ["username", "password"]},
            "examples": [
                {"grant_type": "password", "username": "ann", "password": "correct horse battery"}
            ],
        }
    )

    grant_type: Literal["password", "refresh_token"]
    username: Annotated[str, Field(max_length=320)] | None = None
    password: Annotated[str, Field(max_length=1024)] | None = None
    refresh_token: Annotated[str, Field(max_length=200)] | None = None
    scope: str | None = None
    client_id: str | None = None
    client_secret: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> "TokenRequest":
        needed = ("username", "password") if self.grant_type == "password" else ("refresh_token",)
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f"{' and '.join(missing)} must be given for this grant type")
        return self


class Revocation(Body):
    """RFC 7009. The hint changes nothing: what the token is, is known without it."""

    token: str
    token_type_hint: str | None = None
    client_id: str | None = None
    client_secret: str | None = None


class PasswordChange(Body):
    """Another password, and the one until now."""

    current: Annotated[str, Field(max_length=1024)]
    new: Password


class Closing(Body):
    """The password of an account that is to be deleted."""

    password: Annotated[str, Field(max_length=1024)]


class TokenPair(Answer):
    """Proof of who one is, and what a new one can be had for."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the OAuth 2 name of the type
    expires_in: int
    refresh_token: str


class Usage(Answer):
    """What the account keeps, and how much it may."""

    images: int
    bytes: int
    bytes_limit: int


class Account(Answer):
    """Who somebody is."""

    id: Id
    username: str
    email: str
    created_at: Time
    usage: Usage

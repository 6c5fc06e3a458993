"""Where accounts, their sessions and their API keys are kept: the port. Its adapters are the other
files here.

It stands beside the features, because the record of resources names it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from safelight.backends.unavailable import Unavailable


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """Somebody who can sign in. The username and the e-mail are in lower case; only an e-mail
    contains an `@`.
    """

    id: str
    username: str
    email: str
    password_hash: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What is kept of a refresh token: never the token itself."""

    token_hash: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of an API key: never the key itself. `hint` is how it begins; without
    `expires_at` it lives until it is ended.
    """

    id: str
    account_id: str
    key_hash: str
    hint: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None


class UsernameTaken(Exception):
    """Another account has the username."""


class EmailTaken(Exception):
    """Another account has the e-mail."""


class AccountGone(Exception):
    """There is no such account, or no longer."""


class PasswordChanged(Exception):
    """The password was changed since who asks has proven who they are."""


class TooManyKeys(Exception):
    """The account has as many API keys as it may."""


class AccountsUnavailable(Unavailable):
    """The store can't be reached, or can't do it now. What was being written may be there."""


class AccountStore(Protocol):
    """Keeps accounts for ever and sessions while they can be continued.

    What has returned is kept, and every process sees it. A session is a family of refresh tokens
    of which at most one is unspent. Methods raise `AccountsUnavailable`, or what the database
    raises where that is the store.
    """

    @property
    def is_apart(self) -> bool:
        """Whether this is a service of its own, so that its health has to be told."""

    async def add(self, account: StoredAccount) -> None:
        """Raises `UsernameTaken` or `EmailTaken`, the first of them when both are; nothing is
        kept then. Of several at once that want the same name, one gets it.
        """

    async def find(self, account_id: str) -> StoredAccount | None: ...

    async def is_there(self, account_id: str) -> bool:
        """The quickest that can be asked of an account: every request with a token does."""

    async def find_by_login(self, login: str) -> StoredAccount | None:
        """By username or e-mail, in whatever case."""

    async def set_password_hash(self, account_id: str, hashed: str, instead_of: str) -> bool:
        """The same password, hashed anew. Whether `instead_of` still was its hash; nothing is
        changed otherwise.
        """

    async def change_password(self, account_id: str, hashed: str, instead_of: str) -> bool:
        """Another password: whatever else opens the account ends in the same step, so that no
        session outlives it. Whether `instead_of` still was its hash; nothing is changed otherwise.
        """

    async def remove(self, account_id: str) -> None:
        """The account, its names, and whatever opens it, in one step; harmless when it is gone.
        Its names are free.
        """

    async def begin_session(self, account_id: str, token: RefreshToken, proof: str) -> bool:
        """A new family, whose unspent token this is. `proof` is the password hash that was
        verified: whether the account is there and still has it; nothing is kept otherwise.
        """

    async def end_session(self, token_hash: str) -> None:
        """End the family of a token, spent or not, if there is one."""

    async def rotate(self, token_hash: str, now: datetime, replacement: RefreshToken) -> str | None:
        """Spend a token, put the replacement in its place; returns the id of the account.

        None when the token is unknown or expired, or when it is spent: then it was stolen or
        replayed, and its whole family ends. Of several at once with one token, one succeeds.
        """

    async def add_key(self, key: ApiKey, proven_at: datetime, most: int) -> None:
        """Raises `AccountGone`, `PasswordChanged` when that was at `proven_at` or later, or
        `TooManyKeys` when the account has `most`; nothing is kept then. Of several at once as many
        are kept as there is room for.
        """

    async def find_key(self, key_hash: str) -> ApiKey | None:
        """Also when it has expired."""

    async def keys_of(self, account_id: str) -> list[ApiKey]:
        """Those of an account, oldest first; the expired ones too."""

    async def end_key(self, account_id: str, key_id: str) -> bool:
        """Whether the account had it. What has returned is dead in every process; of several at
        once, one is told that it was there.
        """

    async def check(self) -> None:
        """Raises what the other methods would raise now."""

    async def close(self) -> None: ...

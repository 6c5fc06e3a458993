"""Messages as they come in: anybody may write to a topic."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from safelight.backends.delivery import Unreadable
from safelight.contract import keys
from safelight.contract.messages import Message

M = TypeVar("M", bound=BaseModel)


def read(model: type[M], message: Message) -> M:
    """The body; raises `Unreadable`."""
    try:
        return model.model_validate_json(message.body)
    except ValidationError as error:
        raise Unreadable(f"not a valid {model.__name__}: {error.error_count()} errors") from error


def require_ids(*given: object) -> None:
    """What names no image of ours must reach neither a key nor a row; raises `Unreadable`."""
    if not all(isinstance(id_, str) and keys.is_id(id_) for id_ in given):
        raise Unreadable("it names no image of ours")

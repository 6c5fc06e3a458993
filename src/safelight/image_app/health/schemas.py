"""How the product is, as those see it who watch it."""

from typing import Literal

from safelight.image_app.schemas import Answer

State = Literal["ok", "degraded", "down", "stopping"]


class Live(Answer):
    """It answers."""

    status: Literal["ok"]


class Ready(Answer):
    """Whether it can work, and how each thing that it needs is."""

    status: State
    checks: dict[str, State]

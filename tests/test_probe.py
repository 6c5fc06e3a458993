"""What the probe takes for a fault, and what not."""

import pytest

from safelight.contract.geometry import fault
from safelight.contract.transformations import Transformation
from tests.probe.reasons import excuse_of_refusal

TOO_MUCH = {
    "width": Transformation(width=3730, dpr=2.1, fit="contain"),
    "height": Transformation(height=3730, dpr=2.1, fit="contain"),
    "rotate": Transformation(rotate=45),
    "pad": Transformation(pad=(3000, 3000, 3000, 3000)),
}


MADE = "POST /v1/images/{image_id}/variants"


def refusal(field: str, message: str) -> str | None:
    errors = [{"field": f"transformation.{field}", "message": message}]
    return excuse_of_refusal(MADE, {"type": "/problems/validation-failed", "errors": errors})


@pytest.mark.parametrize(("field", "wanted"), TOO_MUCH.items(), ids=TOO_MUCH)
def test_what_is_too_much_of_one_picture_is_none(field: str, wanted: Transformation) -> None:
    wrong = fault((7000, 7000), wanted)
    assert wrong is not None
    assert wrong[0] == field
    assert refusal(*wrong)


def test_an_option_that_is_refused_for_itself_is_one() -> None:
    assert refusal("width", "must be a whole number from 1 to 8192 pixels") is None


def test_a_field_is_excused_where_it_has_a_reason_and_nowhere_else() -> None:
    problem = {"type": "/problems/validation-failed", "errors": [{"field": "name", "message": "x"}]}
    assert excuse_of_refusal(MADE, problem)
    assert excuse_of_refusal("POST /v1/auth/keys", problem) is None

"""What a caller may whom nobody asks for a name."""

from __future__ import annotations

import pytest

from readygate_server.domain.errors import PermissionDeniedError
from readygate_server.domain.identity import LOCAL, Role
from readygate_server.grpc_api.authorisation import permit
from readygate_server.observability import begin_call


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("ruleset", "proposal"), [("", ""), ("small", "p")], ids=["anywhere", "somewhere"])
def test_who_reaches_an_open_server_has_the_roles_of_its_bindings(role: Role, ruleset: str, proposal: str) -> None:
    """The short way says of every role what the bindings say: all but approving, for everything."""
    begin_call("r", "Service/Method")
    try:
        permit(role, ruleset=ruleset, proposal=proposal)
        may = True
    except PermissionDeniedError:
        may = False

    assert may == LOCAL.may(role, ruleset=ruleset, proposal=proposal) == (role is not Role.APPROVER)

"""Steps of waivers between what is thought about and what is kept: bodies, sealed names, commitments."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Final

from readygate_server.application.record_ports import NameVault
from readygate_server.application.waiver_ports import FiledStep, NewWaiverStep
from readygate_server.domain.verdict import Bond
from readygate_server.domain.waivers import Actor, WaiverAction, WaiverCase, WaiverState, WaiverStep, WaiverTerms

SALT_BYTES: Final = 32
_FILLED: Final = "*"
_TERMS: Final = (
    "decision_id",
    "proposal_id",
    "ruleset_name",
    "rule_id",
    "subject",
    "compensating_control",
    "starts_on",
    "ends_on",
    "quorum",
)


class StepDesk:
    """Seals steps on their way in and opens them on their way out."""

    def __init__(self, vault: NameVault, random_bytes: Callable[[int], bytes]) -> None:
        """Takes where names are sealed, and what makes salts."""
        self._vault = vault
        self._random_bytes = random_bytes

    def first(self, waiver_id: str, terms: WaiverTerms, *, name: str, reason: str) -> NewWaiverStep:
        """Returns the request of a waiver; its body holds the terms."""
        said = {**{key: getattr(terms, key) for key in _TERMS}, **terms.bond._asdict()}
        state = WaiverState.REQUESTED
        return self._sealed(waiver_id, 1, WaiverAction.REQUESTED, state, terms, name, {**said, "reason": reason})

    def next(self, case: WaiverCase, action: WaiverAction, *, name: str, reason: str) -> NewWaiverStep:
        """Returns the step that comes after those of a waiver."""
        number, state = len(case.steps) + 1, case.state_after(action)
        return self._sealed(case.id, number, action, state, case.terms, name, {"reason": reason})

    def opened(self, filed: Sequence[FiledStep]) -> WaiverCase:
        """Returns a waiver from all its steps, with the names that are not erased."""
        return WaiverCase(filed[0].step.waiver_id, _terms(filed[0].step.body), tuple(map(self._opened, filed)))

    def _sealed(
        self,
        waiver_id: str,
        number: int,
        action: WaiverAction,
        state: WaiverState,
        terms: WaiverTerms,
        name: str,
        said: Mapping[str, object],
    ) -> NewWaiverStep:
        document = {**said, "waiver_id": waiver_id, "step": number, "action": action.value, "actor": _FILLED}
        body = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        salt = self._random_bytes(SALT_BYTES)
        return NewWaiverStep(
            waiver_id=waiver_id,
            number=number,
            action=action,
            state=state,
            facts_digest=terms.bond.facts_digest,
            actor=self._vault.seal(name, salt + name.encode()),  # the salt goes with the name
            body=body,
            actor_commitment=hmac.digest(salt, name.encode(), sha256),
        )

    def _opened(self, filed: FiledStep) -> WaiverStep:
        step = filed.step
        known = self._vault.open(step.actor)
        return WaiverStep(
            action=step.action,
            actor=Actor(step.actor.person, None if known is None else known[SALT_BYTES:].decode()),
            reason=json.loads(step.body)["reason"],
            entry_id=filed.stamp.id,
            recorded_at=filed.stamp.recorded_at,
            body=step.body,
            actor_salt=b"" if known is None else known[:SALT_BYTES],
        )


def _terms(body: bytes) -> WaiverTerms:
    said = json.loads(body)
    bond = Bond(said["facts_digest"], said["ruleset_digest"])
    return WaiverTerms(bond=bond, **{key: said[key] for key in _TERMS})

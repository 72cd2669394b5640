"""Many conditions about one subject answered by one evaluation.

A call into the library costs more than most conditions. A bundle is one expression, a list with a number per condition:
1 for true, 0 for false, 2 when a fact that the condition reads is absent. What is 2 is asked again by itself, because
only then is it known whether the absence decides, and what to name. When the list as a whole fails, all are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from readygate_server.adapters.cel.exchange import decode, encode
from readygate_server.adapters.cel.presence import wrap
from readygate_server.adapters.cel.reads import Read
from readygate_server.adapters.cel.vocabulary import variables_of
from readygate_server.domain.vocabulary import Scope

if TYPE_CHECKING:
    from readygate_server.adapters.cel import library
    from readygate_server.adapters.cel.engine import CelActivation, CelCondition

_MEMBERS = "members"
_ANSWERS: Mapping[object, bool] = {0: False, 1: True}


class CelBundle:
    """Conditions of one scope that are all about a subject, or all about none."""

    def __init__(
        self,
        conditions: Iterable[CelCondition],
        scope: Scope,
        checker: library.NativeEnvironment,
        runtime: library.NativeEnvironment,
    ) -> None:
        """Compiles the conditions that can be bundled; those that read elements of lists stay by themselves."""
        bundled = [condition for condition in conditions if all(map(_can_be_stated, condition.needed))]
        self.texts: Sequence[str] = tuple(condition.text for condition in bundled)
        self._about_subject = any(condition.uses_subject for condition in bundled)
        self._native: library.NativeExpression | None = None
        if bundled:
            text = f"[{', '.join(map(_element, bundled))}]"
            checked = decode(checker.compile(text).serialize())
            wrapped = wrap(checked, variables_of(scope).values())
            self._native = runtime.deserialize(encode(checked, wrapped.root))

    def answers(self, activation: CelActivation) -> dict[str, bool]:
        """Returns the answers that are certain, by the text of their conditions."""
        if self._native is None:
            return {}
        try:
            value = self._native.eval(activation.native if self._about_subject else activation.shared).plain_value()
        except RuntimeError:
            return {}
        if not isinstance(value, list):
            return {}
        return {text: _ANSWERS[number] for text, number in zip(self.texts, value, strict=True) if number in _ANSWERS}


def _can_be_stated(read: Read) -> bool:
    """True when presence is one question; not for the elements of lists, of which each may lack the field."""
    return not read.listed and _MEMBERS not in read.fields[:-1]


def _element(condition: CelCondition) -> str:
    fields = sorted({(read.variable, read.fields) for read in condition.needed})
    stated = " && ".join(_stated(variable, path) for variable, path in fields) or "true"
    return f"({stated}) ? (({condition.text}) ? 1 : 0) : 2"


def _stated(variable: str, fields: tuple[str, ...]) -> str:
    path = fields[:-1] if fields[-1] == _MEMBERS else fields
    return f"has({'.'.join((variable, *path))})"

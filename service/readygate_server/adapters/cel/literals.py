"""Checks literals that the compiler does not look into: durations, timestamps and patterns."""

from __future__ import annotations

from readygate_server.adapters.cel.library import NativeEnvironment

_TRIALS = {
    "duration": "duration(literal) == duration('1s')",
    "timestamp": "timestamp(literal) == timestamp(0)",
    "matches": "'x'.matches(literal)",
}


def literal_fault(function: str, literal: str, environment: NativeEnvironment) -> str:
    """Returns why `function` does not take `literal`, or nothing when it does."""
    trial = environment.compile(_TRIALS[function])
    try:
        value = trial.eval(environment.Activation({"literal": literal})).value()
    except RuntimeError as error:
        return str(error)
    return "" if isinstance(value, bool) else str(value).partition(": ")[2]

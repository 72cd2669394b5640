"""Conditions in CEL: the only package that imports the CEL library."""

from __future__ import annotations

from readygate_server.adapters.cel.closures import Said
from readygate_server.adapters.cel.engine import CelActivation, CelActivations, CelCompiler, CelCondition
from readygate_server.adapters.cel.faults import ExpressionFaultsError

__all__ = ["CelActivation", "CelActivations", "CelCompiler", "CelCondition", "ExpressionFaultsError", "Said"]

"""The rules about facts as functions that somebody would write by hand, which return yes or no and nothing else.

They are the floor that the evaluator is measured against: no findings, no reasons, no evidence, no rule files. An
absent fact fails; what is asked under a condition is asked as well while a fact of the condition is absent.
"""

from __future__ import annotations

from tests.bench.peers.handwritten.rules import judge, labels

__all__ = ["judge", "labels"]

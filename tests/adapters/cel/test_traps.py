"""Traps of the CEL library, one test for the guard against each."""

from __future__ import annotations

import ast
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, wrappers_pb2
from google.protobuf.descriptor import Descriptor
from tests.adapters.cel.conditions import ask, compiled, faults_in, missing, names

import readygate_server.adapters.cel as package
from readygate.v1 import evidence_pb2, proposal_pb2
from readygate_server.adapters.cel import CelCompiler
from readygate_server.adapters.cel.exchange import decode, encode
from readygate_server.adapters.cel.presence import wrap
from readygate_server.adapters.cel.vocabulary import fact_messages, schema_faults, variables_of
from readygate_server.domain.conditions import Unknown
from readygate_server.domain.errors import RuleFailedError
from readygate_server.domain.vocabulary import Scope

ROOT = Path(__file__).parents[3]
PACKAGE = Path(package.__file__).parent


def _messages_in(text: str, scope: Scope = Scope.DEPLOYMENT) -> str:
    return "\n".join(fault.message for fault in faults_in(text, scope))


def test_01_the_text_of_an_error_is_not_taken_for_true() -> None:
    """An error comes back as a string, which is truthy; it makes the condition unknown or failed, never true."""
    proposal = proposal_pb2.Proposal()
    assert isinstance(ask("deployment.use_case == 'x'", proposal), Unknown)
    proposal.value.baseline.weeks = 0
    proposal.value.baseline.sample_size = 10
    with pytest.raises(RuleFailedError):
        ask("value.baseline.sample_size / value.baseline.weeks > 1", proposal)


def test_02_an_exception_of_the_library_fails_the_rule() -> None:
    """Errors that the library raises instead of returning are failures of the rule as well."""
    proposal = proposal_pb2.Proposal()
    for number in range(150):
        proposal.data_sources.add(id=f"s{number}")
        proposal.apis.add(id=f"a{number}")
    with pytest.raises(RuleFailedError, match="could not be evaluated") as caught:
        ask("data_sources.all(s, apis.all(a, a.id != s.id))", proposal)
    assert "budget" in caught.value.detail


def test_03_no_fact_is_read_as_its_default() -> None:
    """Each field of the facts has explicit presence, and an absent number does not pass as zero."""
    assert schema_faults(fact_messages()) == ()
    assert any("needs explicit presence" in fault for fault in schema_faults([evidence_pb2.Evidence.DESCRIPTOR]))
    assert isinstance(ask("deployment.interactions_per_month < 1000", proposal_pb2.Proposal()), Unknown)
    assert isinstance(ask("!gov.human_final_decision", proposal_pb2.Proposal()), Unknown)


def test_04_nothing_evaluates_to_null() -> None:
    """Conditions are of the type bool, and wrapper types, whose absence is null, have no place in the facts."""
    for text in ("null", "deployment.use_case", "deployment.interactions_per_month", "data_sources.map(s, s.id)"):
        assert "true or false" in _messages_in(text)
    assert any("BoolValue" in fault for fault in schema_faults([_message_with_a_wrapper()]))


def test_05_no_function_is_written_in_python() -> None:
    """The library leaks the arguments of Python functions, so the adapter declares none."""
    declared = {"FunctionDecl", "Overload", "Function", "CelExtension", "functions", "function_impls"}
    used = {
        name
        for path in PACKAGE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (getattr(node, "attr", None), getattr(node, "arg", None))
    }
    assert "NewEnv" in used
    assert not declared & used


def test_06_literals_are_checked_when_rules_are_loaded() -> None:
    """A wrong duration, timestamp or pattern is refused at its place, and so is one that is not a literal."""
    assert faults_in("duration('72x') > duration('1s')")[0].column == 10
    assert "no timestamp" in _messages_in("timestamp('2026-13-01T00:00:00Z') > timestamp(0)")
    assert "no pattern" in _messages_in("deployment.use_case.matches('[')")
    assert "takes a literal" in _messages_in("deployment.use_case.matches(deployment.go_live_on)")
    assert "takes a literal" in _messages_in("timestamp(deployment.go_live_on) > timestamp('2026-01-01T00:00:00Z')")
    assert faults_in("deployment.use_case.matches('^a')") == ()


def test_07_programs_are_planned_when_rules_are_loaded() -> None:
    """Each condition is evaluated once while it is compiled, so what can never work is refused and not served."""
    assert "fails on a proposal that states nothing" in _messages_in("1 / 0 == 1")
    assert "fails on a proposal that states nothing" in _messages_in("data_sources.all(s, 1 / 0 == 1)")


def test_08_loops_can_not_grow_beyond_bounds() -> None:
    """Lists are not made inside of loops, and loops are two deep at most."""
    assert "quadratic" in _messages_in("data_sources.all(s, apis.map(a, a.id).size() > 0)")
    assert "quadratic" in _messages_in("data_sources.map(s, apis.filter(a, a.writes).size()).size() > 0")
    assert "nested" in _messages_in("data_sources.all(s, apis.all(a, workflows.all(w, w.id != a.id)))")


def test_09_patterns_stay_out_of_loops() -> None:
    """A pattern is compiled at each use, so it is not used once per element."""
    assert "matches() in a loop" in _messages_in("data_sources.all(s, s.entity.matches('^c'))")


def test_10_requests_in_parallel_share_conditions_but_no_activation() -> None:
    """Each request has its own activations, and threads get the answers of their own proposals."""
    compiler, condition = compiled("data_sources.all(s, s.completeness > 0.5)")
    assert compiler.activations(proposal_pb2.Proposal()) is not compiler.activations(proposal_pb2.Proposal())

    def answers(good: bool) -> set[object]:
        proposal = proposal_pb2.Proposal()
        proposal.data_sources.add(id="s", completeness=0.9 if good else 0.1)
        return {condition.test(compiler.activations(proposal).deployment()) for _ in range(300)}

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(answers, [True, False] * 8)) == [{True}, {False}] * 8


def test_11_a_compiled_form_has_one_byte_sequence() -> None:
    """The library serialises maps in any order; the adapter's form is the same every time, for digests and caches."""
    text = "source.written && data_sources.exists(s, s.authority == SourceAuthority.SOURCE_AUTHORITY_SYSTEM_OF_RECORD)"
    forms = set()
    for _ in range(5):
        checked = CelCompiler().check(text, scope=Scope.SOURCE)
        forms.add(encode(checked, wrap(checked, variables_of(Scope.SOURCE).values()).root))
    assert len(forms) == 1
    assert decode(forms.pop()).root.id == checked.root.id


def test_12_enums_are_not_numbers_and_nan_is_no_value() -> None:
    """Enums are neither ordered nor mixed; a number without a name, or a NaN, counts as absent."""
    assert "no order" in _messages_in("deployment.action_effect >= ActionEffect.ACTION_EFFECT_DRAFT")
    assert "own values only" in _messages_in("deployment.action_effect == Channel.CHANNEL_CHAT")
    assert "own values only" in _messages_in("deployment.action_effect == 2")
    proposal = proposal_pb2.Proposal()
    proposal.deployment.action_effect = 99  # type: ignore[assignment]
    text = "deployment.action_effect != ActionEffect.ACTION_EFFECT_WRITE_HARD_TO_REVERSE"
    assert names(ask(text, proposal)) == ["deployment.action_effect"]
    proposal.deployment.peak_calls_per_second = float("nan")
    assert names(ask("!(deployment.peak_calls_per_second > 10.0)", proposal)) == ["deployment.peak_calls_per_second"]
    assert ask("has(deployment.peak_calls_per_second)", proposal) is False


def test_13_optional_values_are_not_part_of_the_language() -> None:
    """A condition can not return an optional value, because the syntax for them is refused."""
    for text in ("deployment.?use_case", "deployment.?use_case.hasValue()", "optional.of(true)"):
        assert faults_in(text)


def test_14_the_library_is_pinned_to_one_version() -> None:
    """The guards hold for one version, so no other can be installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = [pin for pin in project["optional-dependencies"]["server"] if pin.startswith("cel-expr-python")]
    assert pins == ["cel-expr-python==0.1.3"]


def test_15_no_package_called_cel_is_needed() -> None:
    """The exchange format is described in the adapter, in a pool of its own, beside whatever else is installed."""
    ask("true", proposal_pb2.Proposal())
    assert "cel" not in sys.modules
    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName("cel.expr.CheckedExpr")
    importing = {path for path in PACKAGE.parents[1].rglob("*.py") if "cel_expr_python" in path.read_text("utf-8")}
    assert importing == {PACKAGE / "library.py"}


def test_16_all_missing_facts_can_be_told_besides_the_leftmost() -> None:
    """The answer names one missing fact; the condition can list every fact that it reads and that is absent."""
    proposal = proposal_pb2.Proposal()
    proposal.data_sources.add(id="kb")
    proposal.data_sources.add(id="crm", validity=0.9)
    text = "ops.version_pinned && data_sources.all(s, s.validity > 0.5 && s.owner.accepted) && !has(gov.log_retention)"
    assert names(ask(text, proposal)) == ["ops.version_pinned"]
    assert missing(text, proposal) == [
        "ops.version_pinned",
        "source[crm].owner.accepted",
        "source[kb].owner.accepted",
        "source[kb].validity",
    ]


def test_17_the_id_of_an_element_is_its_name() -> None:
    """Elements are named by their ids, not by their place in the list; one without an id is named by nothing."""
    proposal = proposal_pb2.Proposal()
    proposal.apis.add(id="orders", writes=True)
    proposal.apis.add()
    assert names(ask("apis.all(a, a.writes)", proposal)) == ["api.writes"]
    assert missing("apis.all(a, a.writes)", proposal) == ["api.writes"]


def _message_with_a_wrapper() -> Descriptor:
    file = descriptor_pb2.FileDescriptorProto(name="w.proto", package="w", syntax="proto3")
    file.dependency.append("google/protobuf/wrappers.proto")
    message = file.message_type.add(name="Facts")
    message.field.add(name="pinned", number=1, type=11, type_name=".google.protobuf.BoolValue", label=1)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindMessageTypeByName("w.Facts")

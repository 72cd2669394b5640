"""The gate in this process: the same evaluator as the server's, without the server."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from readygate.v1 import decision_pb2, gate_service_pb2, ruleset_pb2
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.clock import today
from readygate_server.adapters.expressions import RulesetExpressions
from readygate_server.adapters.fact_catalogue import fact_catalogue
from readygate_server.adapters.fact_directory import CatalogueDirectory
from readygate_server.adapters.packaged_rules import rules_directory
from readygate_server.adapters.proposals.dossier import ProposalDossier, dossier_of
from readygate_server.adapters.proposals.paths import parse_path
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.adapters.rulefiles.bundle import layers_of, pack
from readygate_server.adapters.rulefiles.loader import LoadedRules, load_rulesets
from readygate_server.adapters.rulefiles.registry import RulesetRegistry
from readygate_server.adapters.rulefiles.rule_tests import EvaluateRule
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.evaluate import evaluate
from readygate_server.application.judgement import Question, judge, prepare
from readygate_server.application.requirements import list_requirements
from readygate_server.application.selection import Selection
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.finding import Finding
from readygate_server.domain.rule import Ruleset
from readygate_server.domain.vocabulary import Gate, Tier
from readygate_server.grpc_api.decision_messages import decision_message
from readygate_server.grpc_api.requirement_messages import requirements_message

DEFAULT_RULESET = "operational-readiness"
"""Name that is taken when none is given."""


class Snapshot:
    """Rulesets of one moment, ready to judge. Immutable but for what is compiled on first use.

    Of what was loaded it keeps the texts and what has compiled the conditions, and not where everything stood in them.
    """

    def __init__(self, registry: RulesetRegistry, directory: CatalogueDirectory, loaded: LoadedRules) -> None:
        """Takes rulesets that were loaded without a fault, and what they were loaded from."""
        self._registry = registry
        self._directory = directory
        self._layers = layers_of(loaded)
        self._compiler = loaded.compiler
        self._active: dict[str, ActiveRuleset] = {}

    @property
    def rulesets(self) -> tuple[Ruleset, ...]:
        """All rulesets, by name and version."""
        return self._registry.rulesets

    @property
    def bundle(self) -> bytes:
        """The files of all rulesets in one piece, so that they can be loaded again without them."""
        return pack(self._layers)

    def select(self, selection: Selection, *, as_of: str) -> ActiveRuleset:
        """Returns a ruleset that can judge; raises RulesetNotFoundError."""
        ruleset = self._registry.select(
            name=selection.name,
            version=selection.version,
            digest=selection.digest,
            channel=selection.channel,
            in_force_on=selection.in_force_on,
            as_of=as_of,
        )
        digest = ruleset.identity.digest
        active = self._active.get(digest)
        if active is None:
            active = ActiveRuleset(ruleset, RulesetExpressions(ruleset, self._compiler), self._directory.classes)
            self._active[digest] = active
        return active

    def compile_all(self) -> Snapshot:
        """Compiles every ruleset now, so that no request has to wait for it."""
        for ruleset in self.rulesets:
            self.select(Selection(digest=ruleset.identity.digest), as_of=ruleset.identity.effective_from)
        return self


class LocalGate:
    """The gate without a server: the same evaluator, in this process."""

    def __init__(self, snapshot: Snapshot, directory: CatalogueDirectory) -> None:
        """Takes rulesets and the fact directory."""
        self.snapshot = snapshot
        self.directory = directory

    def evaluate(
        self,
        proposal: Proposal,
        *,
        ruleset: str = "",
        gate: str = "",
        as_of: str = "",
        overrides: Mapping[str, FactValue | None] | None = None,
    ) -> decision_pb2.Decision:
        """Judges a validated proposal. Gate and day default to the proposal's and to today.

        Raises:
          GateError: when no verdict can be reached.
          FactProblemError: when an override names no fact or has a value that does not fit it.
        """
        dossier = dossier_of(proposal)
        if overrides:
            dossier = dossier.with_facts({parse_path(path): value for path, value in overrides.items()})
        day = as_of or today()
        active = self.snapshot.select(Selection.parse(ruleset), as_of=day)
        decision = evaluate(active, dossier, Question(asked_gate(dossier, gate), day))
        return decision_message(decision, self.directory)

    def requirements(
        self, proposal: Proposal | None, *, ruleset: str = "", gate: str = "", as_of: str = ""
    ) -> gate_service_pb2.ListRequirementsResponse:
        """Lists the facts that a kind of deployment needs at a gate: the proposal's, else the last."""
        day = as_of or today()
        active = self.snapshot.select(Selection.parse(ruleset), as_of=day)
        dossier = None if proposal is None else dossier_of(proposal)
        stated = None if dossier is None else dossier.target_gate
        listed = list_requirements(active, dossier, gate=Gate[gate.upper()] if gate else stated or max(Gate), as_of=day)
        return requirements_message(listed, active, self.directory)

    def ruleset(self, digest: str) -> ruleset_pb2.Ruleset:
        """Returns a ruleset with all its rules; raises RulesetNotFoundError."""
        from readygate_server.grpc_api.ruleset_messages import ruleset_message  # late: a verdict needs no texts

        return ruleset_message(self.snapshot.select(Selection(digest=digest), as_of=today()))

    def evaluate_file(
        self,
        path: str | Path,
        *,
        ruleset: str = "",
        gate: str = "",
        as_of: str = "",
        overrides: Mapping[str, FactValue | None] | None = None,
    ) -> decision_pb2.Decision:
        """Reads and judges a proposal file; raises FaultsError with every fault of the file."""
        proposal, _ = read_proposal(Path(path).read_text(encoding="utf-8"), file=str(path))
        return self.evaluate(proposal, ruleset=ruleset, gate=gate, as_of=as_of, overrides=overrides)


def asked_gate(dossier: ProposalDossier, gate: str) -> Gate:
    """Returns the gate that is asked for: by name, else the proposal's own, else the first."""
    if gate:
        return Gate[gate.upper()]
    stated = dossier.facts.get(FactRef("deployment.target_gate"))
    return Gate[str(stated).upper()] if stated is not None else Gate.COMMIT


def settle_heap(*, thorough: bool = True) -> None:
    """Keeps the garbage collector from walking the loaded rules again and again; to be called after each load.

    Evaluations leave many short-lived objects, each some hundred of which start a collection. To be thorough, all
    garbage is collected first, which takes a tenth of a second and more: not for when calls are waiting.
    """
    if thorough:
        gc.unfreeze()
        gc.collect()
    gc.freeze()


def load_rules(rules: Path | None = None) -> LoadedRules:
    """Loads a rules directory over the rules that ship, or the latter; raises FaultsError with every fault."""
    packaged = rules_directory()
    if rules is None or rules.resolve() == packaged.resolve():
        return load_rulesets(packaged)
    return load_rulesets(rules, base=packaged_rules())


@cache
def packaged_rules() -> LoadedRules:
    """The rules that ship do not change under a running process; those laid over them may, many times."""
    return load_rulesets(rules_directory())


def rule_judge() -> EvaluateRule:
    """Returns what judges one rule of a ruleset for the tests of rules: the same evaluator, at a tier that is given."""
    active: dict[str, ActiveRuleset] = {}

    def judge_rule(
        ruleset: Ruleset, rule_id: str, proposal: Proposal, tier: Tier, gate: Gate, as_of: str
    ) -> Sequence[Finding]:
        digest = ruleset.identity.digest
        if digest not in active:
            active[digest] = ActiveRuleset(ruleset, RulesetExpressions(ruleset), fact_directory().classes)
        question = Question(gate, as_of, full=False, tier=tier)
        judged = judge(active[digest], prepare(active[digest], dossier_of(proposal), question), question)
        return [finding for finding in judged.findings if finding.rule.id == rule_id]

    return judge_rule


def load_snapshot(rules: Path | None = None) -> Snapshot:
    """Loads rulesets from a directory, over those that ship; raises FaultsError with every fault of all files."""
    loaded = load_rules(rules)
    snapshot = snapshot_of(loaded)
    # What knows where everything stood goes file by file: at once, it would keep other threads waiting.
    parts = [*loaded.documents.values(), *loaded.tests.values()]
    del loaded
    while parts:
        parts.pop()
    return snapshot


def snapshot_of(loaded: LoadedRules) -> Snapshot:
    """Returns rulesets that can be chosen from what was loaded."""
    return Snapshot(RulesetRegistry(loaded.all_rulesets, DEFAULT_RULESET), fact_directory(), loaded)


def fact_directory() -> CatalogueDirectory:
    """Returns what is known about facts as such."""
    return CatalogueDirectory(fact_catalogue())


def local_gate(rules: Path | None = None) -> LocalGate:
    """Returns a gate in this process, with the packaged rules or those of a directory."""
    directory = rules_directory()
    if rules is None or rules.resolve() == directory.resolve():
        # The tests of the rules that ship judge nothing; `readygate rules check` reads them.
        return LocalGate(snapshot_of(load_rulesets(directory, tests=False)), fact_directory())
    return LocalGate(load_snapshot(rules), fact_directory())

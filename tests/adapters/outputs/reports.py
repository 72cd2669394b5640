"""A small report with everything that outputs tell apart, and what each format makes of it.

`python -m tests.adapters.outputs.reports` writes the kept outputs anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from readygate.v1 import decision_pb2 as pb
from readygate.v1.gate_pb2 import GATE_COMMIT, GATE_PILOT
from readygate.v1.ruleset_pb2 import EffortRange, Rule, RulesetRef, Tier, TierSeverity, WaitRange, Work
from readygate.v1.ruleset_pb2 import Severity as Weight
from readygate_server.adapters.outputs.github import github
from readygate_server.adapters.outputs.gitlab import gitlab
from readygate_server.adapters.outputs.junit import junit
from readygate_server.adapters.outputs.markdown import markdown
from readygate_server.adapters.outputs.model import Judged, Report
from readygate_server.adapters.outputs.sarif import sarif
from readygate_server.adapters.proposals.origins import Origins
from readygate_server.adapters.yaml_text import read_yaml
from readygate_server.domain.faults import Fault

KEPT = Path(__file__).parents[2] / "cases/outputs"
FORMATS: Mapping[str, Callable[[Report], str]] = {
    "sarif.json": sarif,
    "junit.xml": junit,
    "github.txt": github,
    "gitlab.json": gitlab,
    "markdown.md": lambda report: markdown(report, marker="check"),
}
PROPOSAL = """\
id: parcels
deployment:
  autonomy_level: l4_approver
data_sources:
  - id: crm
    completeness: 0.94
    accuracy: {ratio: 0.9, sample_size: 200}
  - id: orders
    title: Orders
workflows:
  - id: returns
    title: Returns
"""
FILE = "proposals/parcels.yaml"


def finding(rule: str, subject: str, outcome: int, effect: int, **fields: object) -> pb.Finding:
    """Returns a finding of a rule about data unless it is said otherwise."""
    said = {"foundation": "data", "title": f"Title of {rule}", "due": GATE_COMMIT, **fields}
    return pb.Finding(rule_id=rule, subject=subject, outcome=outcome, effect=effect, **said)  # type: ignore[arg-type]


def observed(fact: str, outcome: int) -> list[pb.Observation]:
    """Returns one comparison of a fact."""
    return [pb.Observation(check_id="only", fact=fact, required=">= 0.99", outcome=outcome)]  # type: ignore[arg-type]


def decision() -> pb.Decision:
    """Returns a decision with a finding of each kind, a plan and a way to yes."""
    bad, unknown = pb.OUTCOME_VIOLATED, pb.OUTCOME_UNKNOWN
    bound = observed("source.accuracy_lower95", bad)
    missing = observed("workflow.stable_weeks", unknown)
    findings = [
        finding(
            *("DAT-03", "crm", bad, pb.EFFECT_BLOCKS),
            message="source.completeness is 0.94, required >= 0.99",
            observations=observed("source.completeness", bad),
            references=["ISO 25012 Completeness"],
        ),
        finding("DAT-03", "orders", pb.OUTCOME_SATISFIED, pb.EFFECT_NONE),
        finding("DAT-04", "crm", bad, pb.EFFECT_CONDITIONS, message="too low", observations=bound),
        finding("GOV-01", "", pb.OUTCOME_NOT_DUE, pb.EFFECT_NONE, foundation="governance", due=GATE_PILOT),
        finding("ORG-05", "", pb.OUTCOME_NOT_APPLICABLE, pb.EFFECT_NONE, foundation="organisation"),
        finding(
            *("VAL-02", "", pb.OUTCOME_WAIVED, pb.EFFECT_CONDITIONS),
            message="value.baseline.weeks is 5, required >= 13",
            waiver_id="waiver-1",
            foundation="value",
        ),
        finding("VAL-03", "", unknown, pb.EFFECT_ADVISES, message="not known", foundation="value"),
        finding(
            *("WFL-03", "returns", unknown, pb.EFFECT_BLOCKS),
            message="workflow[returns].stable_weeks not known, required >= 12",
            observations=missing,
            foundation="workflow",
        ),
    ]
    item = pb.WorkItem(
        id="W-DAT-03[crm]",
        rule_id="DAT-03",
        subject="crm",
        title="Repair completeness",
        done_when="14 daily measurements at >= 0.99",
        effort=EffortRange(min_person_weeks=2, max_person_weeks=8),
        owner_role="Data owner",
        wave=1,
    )
    way = pb.WayToYes(
        verdict=pb.VERDICT_GO_WITH_CONDITIONS,
        tier=Tier.TIER_T3_ACT,
        gate=GATE_COMMIT,
        item_ids=[item.id],
        effort=item.effort,
        elapsed=WaitRange(min_weeks=4, max_weeks=10),
    )
    return pb.Decision(
        verdict=pb.VERDICT_NO_GO,
        gate=GATE_COMMIT,
        as_of="2026-11-01",
        tier=pb.TierAssignment(tier=Tier.TIER_T3_ACT, set_by=["autonomy"]),
        findings=findings,
        plan=pb.Plan(items=[item], waves=[pb.Wave(number=1, item_ids=[item.id])], total=item.effort),
        ways_to_yes=[way],
        ruleset=RulesetRef(name="operational-readiness", version="2026.1.0", digest=f"sha256:{'4' * 64}"),
        engine_version="0.1.0",
        facts_digest=f"sha256:{'2' * 64}",
    )


def rules() -> dict[str, Rule]:
    """Returns what the ruleset says about one of the rules; about the others nothing is known."""
    work = Work(title="Repair completeness", done_when="14 daily measurements at {source.completeness}")
    heaviest = TierSeverity(tier=Tier.TIER_T3_ACT, severity=Weight.SEVERITY_BLOCKER)
    rule = Rule(
        id="DAT-03",
        title="Critical elements are complete",
        foundation="data",
        question="Are the critical elements complete?",
        motivation="A missing element is answered with a guess.",
        severities=[heaviest],
        work=work,
        references=["ISO 25012 Completeness"],
    )
    return {rule.id: rule}


def judged(made: pb.Decision | None = None) -> Judged:
    """Returns the proposal with its decision."""
    origins = Origins([read_yaml(PROPOSAL, file=FILE)])
    return Judged("parcels", FILE, made or decision(), origins)


def report() -> Report:
    """Returns a proposal that was judged, one at fault, and one that can not be read."""
    fault = Fault("bad.yaml", 3, 3, "the field is not known", "'autonomy_levle'", suggestion="autonomy_level")
    others = [Judged("bad.yaml", "bad.yaml", faults=[fault], problem="1 fault"), missing()]
    return Report([judged(), *others], rules(), "0.1.0", "https://rules.example.org/{rule}")


def missing() -> Judged:
    """Returns a file that is not there."""
    return Judged("missing.yaml", "missing.yaml", problem="missing.yaml: No such file or directory")


def main() -> None:
    """Writes what is kept."""
    KEPT.mkdir(parents=True, exist_ok=True)
    for name, write in FORMATS.items():
        (KEPT / name).write_text(write(report()), encoding="utf-8")


if __name__ == "__main__":
    main()

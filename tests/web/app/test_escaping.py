"""Markup in every field of proposals, waivers and rulesets: shown as it is written, and never taken for a page."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from readygate.v1.evidence_pb2 import EvidenceGrade, FactStatementKind
from readygate.v1.foundation_pb2 import Asset
from readygate.v1.foundation_service_pb2 import RegisterAssetRequest
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.waiver_service_pb2 import RequestWaiverRequest, RequestWaiverResponse
from readygate_server.adapters.proposals.values import bounds_of
from readygate_server.adapters.proposals.vocabulary import fields_by_place
from tests.grpc_api import rules_on_disk
from tests.web.serving import Parsed, Server, Visitor, bank, parsed, served

PROBE = "xss-probe"
_ENDS = "\"'></textarea></script></title></select>"
PAYLOAD = f"{_ENDS}<{PROBE} onload=alert(1) style=x>{{{{7*7}}}}<script>alert(1)</script>&lt;"
_NOT_FILLED = ("value", "coverage", "collected_at", "as_of", "expires_at")
_SCRIPTS = ("/static/what-if.js",)


def dangers(page: Parsed) -> list[str]:
    """Returns what a browser would take for more than text, and what is no page of ours."""
    found = [element.tag for element in page.elements if element.tag in (PROBE, "style", "iframe", "object", "base")]
    for element in page.elements:
        found += [name for name in element.attributes if name.startswith("on") or name == "style"]
        found += [
            value
            for name in ("href", "src", "action", "formaction")
            if (value := element.attributes.get(name, "")).lower().strip().startswith(("javascript:", "vbscript:"))
        ]
        if element.tag == "script" and not element.attributes.get("src", "").startswith(_SCRIPTS):
            found.append("script")
    return [*found, *(text for text in page.texts if "{{49}}" in text or text.strip() == "49")]


def fill(message: Message, field_names: tuple[str, ...] = ()) -> None:
    """Puts the payload into every text of a message that takes any text."""
    for field in message.DESCRIPTOR.fields:
        path = (*field_names, field.name)
        if field.type == FieldDescriptor.TYPE_STRING and not _is_strict(path):
            if field.is_repeated:
                getattr(message, field.name).append(PAYLOAD)
            else:
                setattr(message, field.name, PAYLOAD)
        elif field.message_type is not None and not field.is_repeated and field.name not in _NOT_FILLED:
            nested: Any = getattr(message, field.name)
            nested.SetInParent()
            fill(nested, path)


def _is_strict(path: tuple[str, ...]) -> bool:
    """True for texts that the contract holds to a form: ids, days, currencies, names of facts, sets of ids."""
    fact = fields_by_place().get(path)
    is_bound = fact is not None and (bounds_of(fact).is_day or bounds_of(fact).is_currency)
    return is_bound or path[-1] in ("id", "facts", "subject", "fact", "members", "metric")


def hostile_proposal(name: str = "hostile") -> Proposal:
    """Returns a proposal with the payload wherever a text may be."""
    proposal = Proposal(id=name, title=PAYLOAD)
    for group in ("deployment", "org", "gov", "value", "ops"):
        fill(getattr(proposal, group), (group,))
    for field in ("data_sources", "apis", "workflows"):
        asset = getattr(proposal, field).add(id=f"a-{field.replace('_', '-')}")
        fill(asset, (field,))
    proposal.value.guardrails.members.add(metric=PAYLOAD)
    proposal.data_sources[0].completeness = 0.5
    for fact in ("source.completeness", "source.owner"):
        entry = proposal.evidence.add(
            facts=[fact], subject="a-data-sources", grade=EvidenceGrade.EVIDENCE_GRADE_E1_DOCUMENT
        )
        fill(entry, ("evidence",))
        entry.ClearField("value")
    said = proposal.statements.add(
        fact="source.validity", subject="a-data-sources", kind=FactStatementKind.FACT_STATEMENT_KIND_NOT_STATED
    )
    fill(said, ("statements",))
    return proposal


@pytest.fixture(scope="module")
def hostile_rules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose rules have markup in every text, with a proposal that has it too."""
    directory = tmp_path_factory.mktemp("hostile")
    rules = directory / "rules"
    rules.mkdir()
    rules_on_disk.write(rules, version="2026.1.0")
    texts = ("title", "question", "motivation", "owner", "done_when", "judgement", "name")
    quoted = "'" + PAYLOAD.replace("'", "''") + "'"
    for file in (*rules.glob("ACM-0?.yaml"), rules / "tiering.yaml"):
        lines = []
        for line in file.read_text(encoding="utf-8").splitlines():
            key, colon, _ = line.partition(": ")
            is_text = colon and key.strip(" -") in texts and file.name != "small.yaml"
            # Braces name facts in an exit criterion.
            said = quoted.replace("{{7*7}}", "") if key.strip() == "done_when" else quoted
            lines.append(f"{key}: {said}" if is_text else line)
        text = "\n".join(lines).replace("{judgement: A number of the test.}", f"{{judgement: {quoted}}}")
        text = text.replace("references: [none]", f"references: [{quoted}]\nnot_checked: [{quoted}]")
        file.write_text(text + "\n", encoding="utf-8")
    small = rules / "small.yaml"
    text = small.read_text(encoding="utf-8").replace("summary: Two questions.", f"summary: {quoted}")
    small.write_text(text, encoding="utf-8")
    newer = text.replace("2026.1.0", "2026.2.0").replace("rules: [ACM-01, ACM-02]", "rules: [ACM-01]")
    (rules / "smaller.yaml").write_text(newer, encoding="utf-8")
    with served("--data-dir", str(directory / "data"), "--rules", str(rules)) as server:
        yield server


@pytest.fixture(scope="module")
def hostile_bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with people, for waivers with markup."""
    with bank(tmp_path_factory.mktemp("bank")) as server:
        yield server


def test_the_search_for_markup_finds_it() -> None:
    """A page that does not escape is found out by each kind of danger."""
    found = dangers(parsed(f"<p>{PAYLOAD}</p><a href='JavaScript:alert(1)'>x</a><p>49</p>"))

    assert {PROBE, "onload", "style", "script", "JavaScript:alert(1)", "49"} <= set(found)


def test_markup_in_a_proposal_is_shown_as_text(hostile_rules: Server) -> None:
    """On the pages of its decision, its what-if, and in the files to be taken away."""
    decision = hostile_rules.evaluate(hostile_proposal())
    by_hostile_rules = hostile_rules.evaluate(hostile_proposal(), ruleset="small")
    visitor = Visitor(hostile_rules.address)

    for path in (
        "/",
        f"/decisions/{decision}",
        f"/what-if?decision={decision}",
        f"/waivers/new?decision={by_hostile_rules}",
        f"/decisions/{by_hostile_rules}",
        f"/what-if?decision={by_hostile_rules}",
    ):
        seen = visitor.get(path)
        assert seen.status == 200, (path, seen.said)
        assert dangers(seen.parsed) == []
        assert path == "/" or PROBE in seen.said
    report = visitor.get(f"/decisions/{decision}/report.html")
    assert PROBE in report.said
    assert set(dangers(report.parsed)) <= {"style"}  # the one style sheet of the file


def test_markup_in_rules_is_shown_as_text(hostile_rules: Server) -> None:
    """On the pages of rulesets and their differences."""
    visitor = Visitor(hostile_rules.address)

    for path in ("/rulesets", "/rulesets/small/2026.1.0", "/rulesets/diff?from=small@2026.1.0&to=small@2026.2.0"):
        seen = visitor.get(path)
        assert seen.status == 200, (path, seen.said)
        assert dangers(seen.parsed) == []
        assert PROBE in seen.said


def test_markup_in_what_is_typed_in_is_shown_as_text(hostile_rules: Server) -> None:
    """Whatever a form or an address is given comes back as text, if it comes back."""
    visitor = Visitor(hostile_rules.address)
    for path in (
        "/?proposal=%s&ruleset=%s&from=%s&to=%s&verdict=%s&page=%s",
        "/what-if?decision=%s",
        "/waivers?state=%s",
    ):
        seen = visitor.get(path.replace("%s", quoted(PAYLOAD)))
        assert dangers(seen.parsed) == []
    for path in ("/rulesets/%s/%s", "/rulesets/diff?from=%s&to=%s", "/decisions/%s", "/%s", "/sign-in?next=%s&why=%s"):
        assert dangers(visitor.get(path.replace("%s", quoted(PAYLOAD))).parsed) == []

    for text in (PAYLOAD, f"id: a\ntitle: [{PAYLOAD}]", f"'{PAYLOAD}': 1", "id: " + PAYLOAD):
        seen = visitor.fill("/what-if", {"text": text})
        assert seen.status == 400
        assert dangers(seen.parsed) == []
        assert PROBE in seen.said


def test_markup_in_changed_facts_is_shown_as_text(hostile_rules: Server) -> None:
    """Values that fit, values that do not, and fields that nobody made, in pages and in parts of them."""
    decision = hostile_rules.evaluate(hostile_proposal("another"))
    visitor = Visitor(hostile_rules.address)
    form = visitor.get(f"/what-if?decision={decision}").parsed.form("/what-if/change")
    names = [name for name, _ in form if name.startswith("f:")]
    assert len(names) > 30
    hostile = [(name, PAYLOAD if name.startswith("f:") else value) for name, value in form]
    hostile += [(f"f:source[{PAYLOAD}].completeness", PAYLOAD), (f"f:{PAYLOAD}", PAYLOAD)]

    for path in ("/what-if/change", "/what-if/outcome"):
        for changed in ("gate", "base_as_of", "ruleset", ""):
            sent = [(name, PAYLOAD if name == changed else value) for name, value in hostile]
            seen = visitor.post(path, sent)
            assert seen.status < 500, (path, changed, seen.said)
            assert dangers(seen.parsed) == []


def test_markup_in_a_waiver_is_shown_as_text(hostile_bank: Server) -> None:
    """In lists, on its own page, on the page of its decision, and when it is refused."""
    ada = hostile_bank.token("ada")
    proposal = Proposal(id="p", title=PAYLOAD)
    proposal.deployment.interactions_per_month = 100
    proposal.data_sources.add(id="crm").completeness = 0.5
    today = datetime.now(UTC).date().isoformat()
    decision = hostile_bank.evaluate(proposal, bearer=ada, ruleset="small", as_of=today)
    asked = RequestWaiverRequest(
        decision_id=decision, rule_id="ACM-01", subject="crm", reason=PAYLOAD, compensating_control=PAYLOAD,
        starts_on=today, ends_on=today,
    )  # fmt: skip
    waiver = RequestWaiverResponse.FromString(hostile_bank.call("WaiverService/RequestWaiver", asked, ada)).waiver
    visitor = Visitor(hostile_bank.address)
    visitor.sign_in(ada)

    path = f"/waivers/{waiver.waiver.id}"
    for seen in (
        visitor.get("/waivers"),
        visitor.get(path),
        visitor.get(f"/decisions/{decision}"),
        visitor.fill(path, {"reason": PAYLOAD}, action=f"{path}/approve"),
        visitor.fill(
            f"/waivers/new?decision={decision}",
            {"finding": PAYLOAD, "reason": PAYLOAD, "starts_on": PAYLOAD, "decision": decision},
            action="/waivers/new",
        ),
        visitor.fill(path, {"reason": PAYLOAD}, action=f"{path}/revoke"),
        visitor.get(path),
    ):
        assert seen.status < 500
        assert dangers(seen.parsed) == []


def test_markup_in_an_asset_is_shown_as_text(hostile_rules: Server) -> None:
    """In the list and on its own page."""
    asset = Asset()
    asset.source.id = "crm"
    fill(asset.source, ("data_sources",))
    hostile_rules.call("FoundationService/RegisterAsset", RegisterAssetRequest(asset=asset))
    visitor = Visitor(hostile_rules.address)

    for path in ("/assets", "/assets/source/crm"):
        seen = visitor.get(path)
        assert (seen.status, dangers(seen.parsed)) == (200, [])
        assert PROBE in seen.said


def quoted(text: str) -> str:
    """Returns a text as it stands in an address."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


def test_text_that_turns_or_hides_is_marked(hostile_rules: Server) -> None:
    """A title that would be read backwards, or has letters that nobody sees, is shown with marks in their place."""
    proposal = Proposal(id="turned", title="safe\u202egnp.exe\u200b")
    decision = hostile_rules.evaluate(proposal)

    seen = Visitor(hostile_rules.address).get(f"/decisions/{decision}")

    assert "\u202e" not in seen.text
    assert "\u200b" not in seen.text
    assert "safe\ufffdgnp.exe\ufffd" in seen.said


def test_names_of_files_hold_nothing_that_a_header_could_not(hostile_rules: Server, tmp_path: Path) -> None:
    """What is saved has a plain name."""
    del tmp_path
    decision = hostile_rules.evaluate(Proposal(id="plain.name-1_x"))

    seen = Visitor(hostile_rules.address).get(f"/decisions/{decision}/report.html")

    assert seen.headers["content-disposition"] == f'attachment; filename="plain.name-1_x-{decision}.html"'
    assert os.sep not in seen.headers["content-disposition"]

"""Sound requests to the services over a record. Ids and tokens that only a record makes have texts in their place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from typing import Any, Final

from google.protobuf.message import Message

from readygate.v1 import certificate_service_pb2 as certificates
from readygate.v1 import decision_service_pb2 as decisions
from readygate.v1 import foundation_service_pb2 as foundations
from readygate.v1 import log_service_pb2 as log
from readygate.v1 import waiver_service_pb2 as waivers
from readygate.v1.decision_pb2 import VERDICT_GO, VERDICT_NO_GO, VERDICT_UNDETERMINED
from readygate.v1.foundation_pb2 import ASSET_SCOPE_SOURCE
from readygate.v1.gate_service_pb2 import EvaluateRequest
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.foundations.forms import assets_in
from readygate_server.grpc_api.page_tokens import PageTokens
from tests.fuzz.seeds import GATE, Request, example, requests, tiny
from tests.fuzz.signed import AUDIENCE
from tests.fuzz.wire import Sample, sample_of

DECISIONS: Final = "/readygate.v1.DecisionService/"
LOG: Final = "/readygate.v1.LogService/"
CERTIFICATES: Final = "/readygate.v1.CertificateService/"
WAIVERS: Final = "/readygate.v1.WaiverService/"
FOUNDATIONS: Final = "/readygate.v1.FoundationService/"
PERSON: Final = "A. Person"
RULE: Final = "DAT-03"
TOKENS: Final = PageTokens(b"what everybody knows here")
POSITION: Final = "019a" * 8


def _stand_in(name: str, length: int = 32) -> str:
    return sha256(name.encode()).hexdigest()[:length]


GO: Final = _stand_in("a go")
NO_GO: Final = _stand_in("a no-go")
WAIVER: Final = _stand_in("a waiver")
ETAG: Final = _stand_in("what was seen of the waiver")
STARTS: Final = "2001-02-03"
ENDS: Final = "2001-04-05"
"""Stand for days to come."""
LIST_TOKEN: Final = _stand_in("a page of decisions", 64)
WAIVER_TOKEN: Final = _stand_in("a page of waivers", 64)
WATCH_TOKEN: Final = _stand_in("where watching goes on", 23)


def listing(**others: Any) -> decisions.ListDecisionsRequest:
    """Returns a question for one decision at a time; what LIST_TOKEN goes on with."""
    request = decisions.ListDecisionsRequest(page_size=1, **others)
    request.filter.verdicts.extend([VERDICT_GO, VERDICT_UNDETERMINED, VERDICT_NO_GO])
    request.filter.recorded_from.seconds, request.filter.recorded_from.nanos = 1_700_000_000, 1_000
    return request


def wish() -> waivers.RequestWaiverRequest:
    """Returns a wish for a waiver."""
    return waivers.RequestWaiverRequest(
        decision_id=NO_GO,
        rule_id=RULE,
        subject="crm",
        reason="The audit is under way.",
        compensating_control="Every answer is read by a person.",
        starts_on=STARTS,
        ends_on=ENDS,
    )


def page_token() -> str:
    """Returns a sound token, the same in every process."""
    return TOKENS.make("list", listing().filter, caller="jane", position=POSITION)


@cache
def kept_requests() -> Sequence[Request]:
    """Returns the requests, each as often as its share of the inputs."""
    return tuple(Request(f"{service}{name}", sample_of(message)) for service, name, message in _requests())


@cache
def named_requests() -> Sequence[Sample]:
    """Returns requests that name persons, in all places where names may stand."""
    asked = [EvaluateRequest(request_id="names", proposal=proposal) for proposal in (_named(), _named(), example())]
    whole = [each.sample for each in requests() if each.method == f"{GATE}Evaluate"][:1]
    return (*map(sample_of, asked), *whole)


def _named() -> Proposal:
    proposal = tiny()
    for name in ("Jane Doe", "Joe Bloggs", "Zoë Ångström " * 20):
        entry = proposal.evidence.add(facts=["api.owner.person"], subject="orders", attested_by="M. Curie")
        entry.value.text = name
    mixed = proposal.evidence.add(facts=["source.completeness", "source.owner.person"], subject="crm")
    mixed.value.text, mixed.collector = "R. Hooke", "L. Meitner"
    proposal.apis[0].owner.person = "Jane Doe"
    proposal.data_sources[0].owner.person = "E. Noether"
    proposal.value.guardrails.stop_decider = "A. Lovelace"
    return proposal


def _requests() -> Iterator[tuple[str, str, Message]]:
    for _ in range(3):
        yield CERTIFICATES, "IssueCertificate", _certificate(GO)
        yield CERTIFICATES, "IssueCertificate", _certificate(NO_GO)
        yield DECISIONS, "ListDecisions", listing(page_token=LIST_TOKEN)
        yield LOG, "GetInclusionProof", log.GetInclusionProofRequest(entry_id=GO, tree_size=3)
        yield LOG, "GetConsistencyProof", log.GetConsistencyProofRequest(first_tree_size=2, second_tree_size=4)
        yield LOG, "GetInclusionProof", log.GetInclusionProofRequest(leaf_index=2, tree_size=3)
        yield LOG, "ListLogEntries", log.ListLogEntriesRequest(start=1, limit=2)
        yield WAIVERS, "RequestWaiver", wish()
        yield WAIVERS, "ApproveWaiver", waivers.ApproveWaiverRequest(waiver_id=WAIVER, etag=ETAG, reason="Seen.")
        yield (
            WAIVERS,
            "ListWaivers",
            _page_of_waivers(),
        )
    for decision in (GO, NO_GO):
        yield (
            DECISIONS,
            "GetDecision",
            decisions.GetDecisionRequest(decision_id=decision, view=decisions.RECORD_VIEW_FULL),
        )
        yield (
            DECISIONS,
            "GetDecision",
            decisions.GetDecisionRequest(decision_id=decision, view=decisions.RECORD_VIEW_BASIC),
        )
        yield DECISIONS, "ReplayDecision", decisions.ReplayDecisionRequest(decision_id=decision)
    yield DECISIONS, "ListDecisions", listing()
    yield DECISIONS, "ListDecisions", _narrow()
    yield DECISIONS, "WatchDecisions", decisions.WatchDecisionsRequest(filter=listing().filter)
    yield DECISIONS, "WatchDecisions", decisions.WatchDecisionsRequest(resume_token=WATCH_TOKEN)
    yield DECISIONS, "WatchDecisions", decisions.WatchDecisionsRequest(from_now=True, filter=listing().filter)
    yield DECISIONS, "ErasePerson", decisions.ErasePersonRequest(person="Nobody Known", reason="case 17")
    yield DECISIONS, "ErasePerson", decisions.ErasePersonRequest(person=PERSON, reason="case 18")
    yield WAIVERS, "RevokeWaiver", waivers.RevokeWaiverRequest(waiver_id=WAIVER, etag=_stand_in("old"), reason="Why.")
    yield WAIVERS, "GetWaiver", waivers.GetWaiverRequest(waiver_id=WAIVER)
    yield from _requests_about_assets()


def _requests_about_assets() -> Iterator[tuple[str, str, Message]]:
    scope = ASSET_SCOPE_SOURCE
    for asset in assets_in(_named()):
        yield FOUNDATIONS, "RegisterAsset", foundations.RegisterAssetRequest(request_id="asset", asset=asset)
        yield FOUNDATIONS, "RegisterAsset", foundations.RegisterAssetRequest(asset=asset, newest_revision=1)
    yield FOUNDATIONS, "GetAsset", foundations.GetAssetRequest(scope=scope, id="crm", revision=1)
    yield FOUNDATIONS, "ListAssets", foundations.ListAssetsRequest(page_size=2)
    yield FOUNDATIONS, "ListAssetRevisions", foundations.ListAssetRevisionsRequest(scope=scope, id="crm", page_size=2)
    yield FOUNDATIONS, "ReevaluateProposals", foundations.ReevaluateProposalsRequest(scope=scope, id="crm", page_size=2)
    referencing = Proposal(id="references")
    referencing.assets.add(scope=scope, id="crm")
    yield GATE, "Evaluate", EvaluateRequest(request_id="assets", proposal=referencing)


def _page_of_waivers() -> waivers.ListWaiversRequest:
    return waivers.ListWaiversRequest(state=waivers.WAIVER_STATE_REQUESTED, page_size=1, page_token=WAIVER_TOKEN)


def _certificate(decision: str) -> certificates.IssueCertificateRequest:
    return certificates.IssueCertificateRequest(decision_id=decision, audience=AUDIENCE, validity_days=20)


def _narrow() -> decisions.ListDecisionsRequest:
    request = decisions.ListDecisionsRequest(page_size=2)
    stated = request.filter
    stated.proposal_id, stated.ruleset, stated.caller = "tiny", "operational-readiness", "jane"
    stated.recorded_from.seconds, stated.recorded_before.seconds = 1_700_000_000, 4_000_000_000
    return request

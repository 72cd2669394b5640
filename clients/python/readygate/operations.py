"""What a gate can be asked: each operation once, for the blocking and the asynchronous client."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Iterator
from functools import partial
from typing import Any, Final, Generic, Protocol, Self, TypeVar, overload

from google.protobuf.message import Message

from readygate.v1 import certificate_service_pb2 as certificates
from readygate.v1 import decision_service_pb2 as decisions
from readygate.v1 import foundation_service_pb2 as foundations
from readygate.v1 import gate_service_pb2 as gate
from readygate.v1 import log_service_pb2 as log
from readygate.v1 import ruleset_service_pb2 as rulesets
from readygate.v1 import waiver_service_pb2 as waivers
from readygate.v1.ruleset_pb2 import RulesetSelector

_GATE: Final = "/readygate.v1.GateService"
_RULESETS: Final = "/readygate.v1.RulesetService"
_DECISIONS: Final = "/readygate.v1.DecisionService"
_LOG: Final = "/readygate.v1.LogService"
_CERTIFICATES: Final = "/readygate.v1.CertificateService"
_WAIVERS: Final = "/readygate.v1.WaiverService"
_FOUNDATIONS: Final = "/readygate.v1.FoundationService"

_Request = TypeVar("_Request", bound=Message)
_Reply = TypeVar("_Reply", bound=Message)
_Request_contra = TypeVar("_Request_contra", contravariant=True)
_Reply_co = TypeVar("_Reply_co", covariant=True)


class Blocking:
    """A client whose operations give what they ask for."""


class Asynchronous:
    """A client whose operations are awaited."""


class Operation(Protocol[_Request_contra, _Reply_co]):
    """An operation of a client: takes a request and gives its reply."""

    def __call__(self, request: _Request_contra, *, timeout: float | None = None) -> _Reply_co:
        """Sends the request; `timeout` in seconds takes the place of the client's. Raises GateError."""
        ...


class Rpc(Generic[_Request, _Reply]):
    """An RPC as an attribute of both clients: what it gives follows from the client that it is taken from."""

    def __init__(self, path: str, reply: type[_Reply], doc: str) -> None:
        self.path = path
        self.reply = reply
        self.__doc__ = doc

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...

    @overload
    def __get__(self, client: Blocking, owner: type) -> Operation[_Request, _Reply]: ...

    @overload
    def __get__(self, client: Asynchronous, owner: type) -> Operation[_Request, Coroutine[Any, Any, _Reply]]: ...

    def __get__(self, client: Any, owner: type) -> Any:
        return self if client is None else partial(client.call, self)


class Watch:
    """The RPC that gives decisions as they are recorded, as an attribute of both clients."""

    path: Final = f"{_DECISIONS}/WatchDecisions"
    reply: Final = decisions.WatchDecisionsResponse

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...

    @overload
    def __get__(
        self, client: Blocking, owner: type
    ) -> Callable[[decisions.WatchDecisionsRequest], Iterator[decisions.WatchDecisionsResponse]]: ...

    @overload
    def __get__(
        self, client: Asynchronous, owner: type
    ) -> Callable[[decisions.WatchDecisionsRequest], AsyncIterator[decisions.WatchDecisionsResponse]]: ...

    def __get__(self, client: Any, owner: type) -> Any:
        """Gives the operation of a client."""
        return self if client is None else partial(client.watch, self)


class BlockingStream(Protocol):
    """The operation of a blocking client that streams proposals."""

    def __call__(
        self,
        items: Iterable[gate.EvaluateStreamItem],
        *,
        ruleset: RulesetSelector | None = None,
        timeout: float | None = None,
    ) -> Iterator[gate.EvaluateStreamResult]:
        """Gives each result as it is ready; raises GateError when the stream ends early."""
        ...


class AsynchronousStream(Protocol):
    """The operation of an asynchronous client that streams proposals."""

    def __call__(
        self,
        items: Iterable[gate.EvaluateStreamItem] | AsyncIterable[gate.EvaluateStreamItem],
        *,
        ruleset: RulesetSelector | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[gate.EvaluateStreamResult]:
        """Gives each result as it is ready; raises GateError when the stream ends early."""
        ...


class EvaluateStream:
    """The RPC that judges proposals while they are sent, as an attribute of both clients.

    Takes items as they come and gives results as they are ready, in any order: match them by `item_id`. Each holds a
    response or an error of its own. Items of a list or another sequence share messages, which costs the gate less;
    all others are sent one by one. It lasts as long as there are items, unless `timeout`, in seconds, ends it.
    """

    path: Final = f"{_GATE}/EvaluateStream"
    reply: Final = gate.EvaluateStreamResponse

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...

    @overload
    def __get__(self, client: Blocking, owner: type) -> BlockingStream: ...

    @overload
    def __get__(self, client: Asynchronous, owner: type) -> AsynchronousStream: ...

    def __get__(self, client: Any, owner: type) -> Any:
        """Gives the operation of a client."""
        return self if client is None else partial(client.stream, self)


class Operations:
    """What a gate can be asked."""

    evaluate = Rpc[gate.EvaluateRequest, gate.EvaluateResponse](
        f"{_GATE}/Evaluate", gate.EvaluateResponse, "Judges one proposal."
    )
    batch_evaluate = Rpc[gate.BatchEvaluateRequest, gate.BatchEvaluateResponse](
        f"{_GATE}/BatchEvaluate",
        gate.BatchEvaluateResponse,
        "Judges up to 100 proposals by one ruleset; each result is a response or an error of its own.",
    )
    simulate = Rpc[gate.SimulateRequest, gate.SimulateResponse](
        f"{_GATE}/Simulate", gate.SimulateResponse, "Judges a proposal with changed facts, gate, ruleset or day."
    )
    list_requirements = Rpc[gate.ListRequirementsRequest, gate.ListRequirementsResponse](
        f"{_GATE}/ListRequirements",
        gate.ListRequirementsResponse,
        "Lists the facts that a kind of deployment needs at a gate, and who owns each.",
    )
    server_info = Rpc[gate.GetServerInfoRequest, gate.GetServerInfoResponse](
        f"{_GATE}/GetServerInfo", gate.GetServerInfoResponse, "Describes the server: version, limits, rulesets."
    )
    list_rulesets = Rpc[rulesets.ListRulesetsRequest, rulesets.ListRulesetsResponse](
        f"{_RULESETS}/ListRulesets", rulesets.ListRulesetsResponse, "Lists rulesets by name and version."
    )
    get_ruleset = Rpc[rulesets.GetRulesetRequest, rulesets.GetRulesetResponse](
        f"{_RULESETS}/GetRuleset", rulesets.GetRulesetResponse, "Returns one ruleset with all its rules."
    )
    validate_ruleset = Rpc[rulesets.ValidateRulesetRequest, rulesets.ValidateRulesetResponse](
        f"{_RULESETS}/ValidateRuleset",
        rulesets.ValidateRulesetResponse,
        "Checks ruleset files and returns every fault at once; allow it more time than other calls.",
    )
    diff_rulesets = Rpc[rulesets.DiffRulesetsRequest, rulesets.DiffRulesetsResponse](
        f"{_RULESETS}/DiffRulesets", rulesets.DiffRulesetsResponse, "Compares two rulesets, rule by rule."
    )
    get_decision = Rpc[decisions.GetDecisionRequest, decisions.GetDecisionResponse](
        f"{_DECISIONS}/GetDecision", decisions.GetDecisionResponse, "Returns one recorded decision."
    )
    list_decisions = Rpc[decisions.ListDecisionsRequest, decisions.ListDecisionsResponse](
        f"{_DECISIONS}/ListDecisions",
        decisions.ListDecisionsResponse,
        "Lists recorded decisions, newest first, page by page.",
    )
    replay_decision = Rpc[decisions.ReplayDecisionRequest, decisions.ReplayDecisionResponse](
        f"{_DECISIONS}/ReplayDecision",
        decisions.ReplayDecisionResponse,
        "Judges a recorded request again and says what differs.",
    )
    erase_person = Rpc[decisions.ErasePersonRequest, decisions.ErasePersonResponse](
        f"{_DECISIONS}/ErasePerson", decisions.ErasePersonResponse, "Erases a person's name from all records."
    )
    get_checkpoint = Rpc[log.GetCheckpointRequest, log.GetCheckpointResponse](
        f"{_LOG}/GetCheckpoint", log.GetCheckpointResponse, "Returns the newest signed checkpoint of the log."
    )
    get_inclusion_proof = Rpc[log.GetInclusionProofRequest, log.GetInclusionProofResponse](
        f"{_LOG}/GetInclusionProof", log.GetInclusionProofResponse, "Proves that an entry is in the log."
    )
    get_consistency_proof = Rpc[log.GetConsistencyProofRequest, log.GetConsistencyProofResponse](
        f"{_LOG}/GetConsistencyProof", log.GetConsistencyProofResponse, "Proves that the log only grew."
    )
    list_log_entries = Rpc[log.ListLogEntriesRequest, log.ListLogEntriesResponse](
        f"{_LOG}/ListLogEntries", log.ListLogEntriesResponse, "Returns entries in the order of the log."
    )
    get_key_set = Rpc[log.GetKeySetRequest, log.GetKeySetResponse](
        f"{_LOG}/GetKeySet", log.GetKeySetResponse, "Returns the public keys, retired ones too."
    )
    issue_certificate = Rpc[certificates.IssueCertificateRequest, certificates.IssueCertificateResponse](
        f"{_CERTIFICATES}/IssueCertificate",
        certificates.IssueCertificateResponse,
        "Issues a certificate for a recorded go.",
    )
    request_waiver = Rpc[waivers.RequestWaiverRequest, waivers.RequestWaiverResponse](
        f"{_WAIVERS}/RequestWaiver", waivers.RequestWaiverResponse, "Asks for a waiver."
    )
    approve_waiver = Rpc[waivers.ApproveWaiverRequest, waivers.ApproveWaiverResponse](
        f"{_WAIVERS}/ApproveWaiver", waivers.ApproveWaiverResponse, "Approves a waiver."
    )
    revoke_waiver = Rpc[waivers.RevokeWaiverRequest, waivers.RevokeWaiverResponse](
        f"{_WAIVERS}/RevokeWaiver", waivers.RevokeWaiverResponse, "Takes a waiver back."
    )
    get_waiver = Rpc[waivers.GetWaiverRequest, waivers.GetWaiverResponse](
        f"{_WAIVERS}/GetWaiver", waivers.GetWaiverResponse, "Returns one waiver."
    )
    list_waivers = Rpc[waivers.ListWaiversRequest, waivers.ListWaiversResponse](
        f"{_WAIVERS}/ListWaivers", waivers.ListWaiversResponse, "Lists waivers, newest first, page by page."
    )
    register_asset = Rpc[foundations.RegisterAssetRequest, foundations.RegisterAssetResponse](
        f"{_FOUNDATIONS}/RegisterAsset",
        foundations.RegisterAssetResponse,
        "Registers an asset or its next revision; says which verdicts of open proposals that changes.",
    )
    get_asset = Rpc[foundations.GetAssetRequest, foundations.GetAssetResponse](
        f"{_FOUNDATIONS}/GetAsset", foundations.GetAssetResponse, "Returns an asset as it is now, or in a revision."
    )
    list_assets = Rpc[foundations.ListAssetsRequest, foundations.ListAssetsResponse](
        f"{_FOUNDATIONS}/ListAssets", foundations.ListAssetsResponse, "Lists assets by scope and id, page by page."
    )
    list_asset_revisions = Rpc[foundations.ListAssetRevisionsRequest, foundations.ListAssetRevisionsResponse](
        f"{_FOUNDATIONS}/ListAssetRevisions",
        foundations.ListAssetRevisionsResponse,
        "Lists the revisions of an asset, newest first, page by page.",
    )
    reevaluate_proposals = Rpc[foundations.ReevaluateProposalsRequest, foundations.ReevaluateProposalsResponse](
        f"{_FOUNDATIONS}/ReevaluateProposals",
        foundations.ReevaluateProposalsResponse,
        "Judges open proposals that stand on an asset again and says which verdicts changed; records nothing.",
    )
    watch_decisions = Watch()
    """Gives decisions in the order of the log, and goes on after a break of the connection where it was."""
    evaluate_stream = EvaluateStream()
    """Judges proposals while they are sent, by one ruleset; each result is a response or an error of its own."""

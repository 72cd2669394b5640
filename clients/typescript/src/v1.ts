// Generated from `proto/readygate/v1`; never edited by hand.

/** Messages, enums and services of the contract. */
export * from "./gen/readygate/v1/api_pb.js";
export * from "./gen/readygate/v1/certificate_service_pb.js";
export * from "./gen/readygate/v1/data_source_pb.js";
export * from "./gen/readygate/v1/decision_pb.js";
export * from "./gen/readygate/v1/decision_service_pb.js";
export * from "./gen/readygate/v1/deployment_pb.js";
export * from "./gen/readygate/v1/error_reason_pb.js";
export * from "./gen/readygate/v1/evidence_pb.js";
export * from "./gen/readygate/v1/foundation_pb.js";
export * from "./gen/readygate/v1/foundation_service_pb.js";
export * from "./gen/readygate/v1/gate_pb.js";
export * from "./gen/readygate/v1/gate_service_pb.js";
export * from "./gen/readygate/v1/gov_pb.js";
export * from "./gen/readygate/v1/log_service_pb.js";
export * from "./gen/readygate/v1/ops_pb.js";
export * from "./gen/readygate/v1/org_pb.js";
export * from "./gen/readygate/v1/owner_pb.js";
export * from "./gen/readygate/v1/proposal_pb.js";
export * from "./gen/readygate/v1/record_pb.js";
export * from "./gen/readygate/v1/ruleset_pb.js";
export * from "./gen/readygate/v1/ruleset_service_pb.js";
export * from "./gen/readygate/v1/value_pb.js";
export * from "./gen/readygate/v1/waiver_pb.js";
export * from "./gen/readygate/v1/waiver_service_pb.js";
export * from "./gen/readygate/v1/workflow_pb.js";

/** The client of readygate, which says whether an AI deployment may proceed and what to build or repair first. */

export { Code } from "@connectrpc/connect";
export { DEFAULT_TIMEOUT_MS, GateClient, type GateOptions } from "./client.js";
export type { Tls, Token } from "./credentials.js";
export { ERROR_DOMAIN, GateError } from "./errors.js";
export { MAX_ATTEMPTS } from "./sending.js";
export { exitCode, isGo, verdictName } from "./verdict.js";

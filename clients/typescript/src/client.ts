import { createClient, type Client, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";

import { checkCredentials, type Tls, type Token } from "./credentials.js";
import { CertificateService } from "./gen/readygate/v1/certificate_service_pb.js";
import { DecisionService } from "./gen/readygate/v1/decision_service_pb.js";
import { FoundationService } from "./gen/readygate/v1/foundation_service_pb.js";
import { GateService } from "./gen/readygate/v1/gate_service_pb.js";
import { LogService } from "./gen/readygate/v1/log_service_pb.js";
import { RulesetService } from "./gen/readygate/v1/ruleset_service_pb.js";
import { WaiverService } from "./gen/readygate/v1/waiver_service_pb.js";
import { Sending } from "./sending.js";

/** Milliseconds that a call may take, with all its attempts. */
export const DEFAULT_TIMEOUT_MS = 10_000;

const MAX_REPLY_BYTES = 64 * 1024 * 1024;

/** Where a gate is, and how this client shows who it is. */
export interface GateOptions {
  /** `https://HOST:PORT`, or `http://HOST:PORT` on this machine. */
  readonly baseUrl: string;
  /** Milliseconds that a call may take, unless it says otherwise itself. */
  readonly timeoutMs?: number;
  /** Token or API key. */
  readonly token?: Token;
  /** Authorities and client certificate. */
  readonly tls?: Tls;
  /** gRPC, or the Connect protocol with JSON over HTTP/1.1 for the port that a server opens with `--http`. */
  readonly protocol?: "grpc" | "json";
}

/**
 * A gate. Every operation of the contract is a method: `evaluate`, `simulate`, `getDecision`, `requestWaiver` and so on.
 * Each takes a message or what one is made from, and options such as `{ timeoutMs, signal }`; what it ends with is a
 * reply or a GateError. Streams are asynchronous iterables and have no deadline of their own.
 */
export interface GateClient
  extends Client<typeof GateService>,
    Client<typeof RulesetService>,
    Client<typeof DecisionService>,
    Client<typeof LogService>,
    Client<typeof CertificateService>,
    Client<typeof WaiverService>,
    Client<typeof FoundationService> {}

export class GateClient {
  readonly #close: () => void;

  /** Connects when first asked. Throws a TypeError when a token would go to another machine in clear. */
  constructor(options: GateOptions) {
    const url = new URL(options.baseUrl);
    checkCredentials(url, options.token, options.tls);
    const [transport, close] = options.protocol === "json" ? json(url, options.tls) : grpc(url, options.tls);
    this.#close = close;
    const sending = new Sending(transport, options.timeoutMs ?? DEFAULT_TIMEOUT_MS, options.token);
    Object.assign(
      this,
      createClient(GateService, sending),
      createClient(RulesetService, sending),
      createClient(DecisionService, sending),
      createClient(LogService, sending),
      createClient(CertificateService, sending),
      createClient(WaiverService, sending),
      createClient(FoundationService, sending),
    );
  }

  /** Closes the connection; calls in flight end with an error. */
  close(): void {
    this.#close();
  }
}

function grpc(url: URL, tls: Tls | undefined): [Transport, () => void] {
  const sessionManager = new Http2SessionManager(url, {}, nodeOptions(tls));
  const transport = createGrpcTransport({ baseUrl: url.href, sessionManager, readMaxBytes: MAX_REPLY_BYTES });
  return [transport, () => sessionManager.abort()];
}

function json(url: URL, tls: Tls | undefined): [Transport, () => void] {
  const transport = createConnectTransport({
    baseUrl: url.href,
    httpVersion: "1.1",
    useBinaryFormat: false,
    nodeOptions: nodeOptions(tls),
    readMaxBytes: MAX_REPLY_BYTES,
  });
  return [transport, () => undefined];
}

function nodeOptions(tls: Tls | undefined): { ca?: string | Buffer; cert?: string | Buffer; key?: string | Buffer } {
  return {
    ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls?.certificate === undefined ? {} : { cert: tls.certificate }),
    ...(tls?.key === undefined ? {} : { key: tls.key }),
  };
}

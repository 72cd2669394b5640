import type { DescMessage, DescMethodStreaming, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { Code, type ContextValues, type StreamResponse, type Transport, type UnaryResponse } from "@connectrpc/connect";
import { setTimeout as sleep } from "node:timers/promises";

import type { Token } from "./credentials.js";
import { GateError } from "./errors.js";
import { named } from "./naming.js";

type HeadersGiven = NonNullable<ConstructorParameters<typeof Headers>[0]>;

/** Attempts of one call, the first included; all of them within its deadline. */
export const MAX_ATTEMPTS = 4;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1000;

/**
 * What every call goes through: an id and a credential are added, a deadline holds all attempts, another attempt is made
 * only when the gate was not there (UNAVAILABLE), and what a call ends with is a GateError.
 */
export class Sending implements Transport {
  readonly #below: Transport;
  readonly #timeoutMs: number;
  readonly #token: Token | undefined;

  constructor(below: Transport, timeoutMs: number, token?: Token) {
    this.#below = below;
    this.#timeoutMs = timeoutMs;
    this.#token = token;
  }

  /** Sends a request, again when the gate was not there. */
  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersGiven | undefined,
    input: MessageInitShape<I>,
    contextValues?: ContextValues,
  ): Promise<UnaryResponse<I, O>> {
    const request = named(method.input, input);
    const end = performance.now() + (timeoutMs ?? this.#timeoutMs);
    for (let attempt = 1; ; attempt++) {
      try {
        const left = Math.max(1, Math.ceil(end - performance.now()));
        const headers = await this.#headers(header);
        return await this.#below.unary(method, signal, left, headers, asInit<I>(request), contextValues);
      } catch (failure) {
        const error = GateError.from(failure);
        const pause = pauseAfter(attempt);
        const isLast = attempt >= MAX_ATTEMPTS || performance.now() + pause >= end;
        if (error.code !== Code.Unavailable || isLast || signal?.aborted === true) {
          throw error;
        }
        await sleep(pause);
      }
    }
  }

  /** Opens a stream. It has no deadline unless its caller sets one, and is never opened again. */
  async stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersGiven | undefined,
    input: AsyncIterable<MessageInitShape<I>>,
    contextValues?: ContextValues,
  ): Promise<StreamResponse<I, O>> {
    try {
      const headers = await this.#headers(header);
      const all = namedAll(method.input, input);
      const response = await this.#below.stream(method, signal, timeoutMs, headers, all, contextValues);
      return { ...response, message: failing(response.message) };
    } catch (failure) {
      throw GateError.from(failure);
    }
  }

  async #headers(header: HeadersGiven | undefined): Promise<Headers> {
    const headers = new Headers(header);
    if (this.#token !== undefined) {
      headers.set("authorization", `Bearer ${typeof this.#token === "string" ? this.#token : await this.#token()}`);
    }
    return headers;
  }
}

function pauseAfter(attempt: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS) * (0.8 + Math.random() * 0.4);
}

/** A whole message is also what a message can be made from; the types of the library say so per message only. */
function asInit<I extends DescMessage>(message: MessageShape<I>): MessageInitShape<I> {
  return message as MessageInitShape<I>;
}

async function* namedAll<I extends DescMessage>(
  schema: I,
  messages: AsyncIterable<MessageInitShape<I>>,
): AsyncIterable<MessageInitShape<I>> {
  for await (const message of messages) {
    yield asInit<I>(named(schema, message));
  }
}

async function* failing<T>(messages: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (failure) {
    throw GateError.from(failure);
  }
}

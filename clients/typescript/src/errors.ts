import { Code, ConnectError } from "@connectrpc/connect";

import { ErrorInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { InputFaultsSchema, type InputFault } from "./gen/readygate/v1/gate_service_pb.js";

/** Domain of the reasons in `google.rpc.ErrorInfo`. */
export const ERROR_DOMAIN = "readygate.dev";

const CALLERS: ReadonlySet<Code> = new Set([Code.InvalidArgument, Code.NotFound]);

/**
 * No verdict was reached. Treat it as a no. A no-go is a decision and never comes here.
 *
 * `reason` is the name of an ErrorReason without its prefix, such as `INVALID_PROPOSAL`; it is empty when the call did
 * not reach a gate. `faults` says what is wrong with the input; `metadata.faults` counts all of them.
 */
export class GateError extends Error {
  override readonly name = "GateError";

  constructor(
    readonly code: Code,
    readonly details: string,
    readonly reason: string = "",
    readonly metadata: Readonly<Record<string, string>> = {},
    readonly faults: readonly InputFault[] = [],
    options?: ErrorOptions,
  ) {
    super([`${reason || Code[code]}: ${details}`, ...faults.map(line)].join("\n  "), options);
  }

  /** True when the same request fails wherever and whenever it is sent. */
  get isCallersFault(): boolean {
    return CALLERS.has(this.code);
  }

  /** Returns the error that a failed call carries. */
  static from(failure: unknown): GateError {
    if (failure instanceof GateError) {
      return failure;
    }
    const error = ConnectError.from(failure);
    const info = error.findDetails(ErrorInfoSchema).find((each) => each.domain === ERROR_DOMAIN);
    const faults = error.findDetails(InputFaultsSchema).flatMap((each) => each.faults);
    return new GateError(error.code, error.rawMessage, info?.reason, info?.metadata, faults, { cause: failure });
  }
}

function line(fault: InputFault): string {
  const got = fault.got && `, got ${fault.got}`;
  const expected = fault.expected && `, expected ${fault.expected}`;
  return `${fault.path}: ${fault.message}${got}${expected}`;
}

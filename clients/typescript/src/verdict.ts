import { Verdict, type Decision } from "./gen/readygate/v1/decision_pb.js";

/** True for a go, with or without conditions. What is unknown, missing or newer than this client is a no. */
export function isGo(decision: Decision | undefined): boolean {
  return decision?.verdict === Verdict.GO || decision?.verdict === Verdict.GO_WITH_CONDITIONS;
}

/** Returns the verdict in words, such as `NO_GO`. */
export function verdictName(decision: Decision | undefined): string {
  return Verdict[decision?.verdict ?? Verdict.UNSPECIFIED] ?? `VERDICT_${decision?.verdict}`;
}

/** Returns what `readygate check` ends with for a verdict: 0 go, 1 no-go, 2 undetermined, 4 no verdict. */
export function exitCode(decision: Decision | undefined): number {
  if (isGo(decision)) {
    return 0;
  }
  switch (decision?.verdict) {
    case Verdict.NO_GO:
      return 1;
    case Verdict.UNDETERMINED:
      return 2;
    default:
      return 4;
  }
}

/** Asks real gates; `tests/clients/test_typescript.py` runs them and says where they are. */

import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { Code, GateClient, GateError, exitCode, isGo, verdictName } from "@readygate/client";
import { GateSchema, ProposalSchema, Verdict, View, file_readygate_v1_proposal } from "@readygate/client/v1";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";

interface Gates {
  /** Gates of one record, by protocol. */
  open: Record<"grpc" | "json", string>;
  /** Gate that is away twice before it answers. */
  away: string;
  /** Gate that asks who calls. */
  guarded: { url: string; ca: string; key: string };
  /** Port on which nobody listens. */
  nobody: string;
  /** A proposal that is refused, and one that may go ahead. */
  no: JsonValue;
  yes: JsonValue;
}

const gates = JSON.parse(readFileSync(process.env["READYGATE_TEST_GATES"]!, "utf-8")) as Gates;
const opened: GateClient[] = [];
after(() => opened.forEach((client) => client.close()));

function connect(options: ConstructorParameters<typeof GateClient>[0]): GateClient {
  const client = new GateClient(options);
  opened.push(client);
  return client;
}

async function failureOf(call: Promise<unknown>): Promise<GateError> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof GateError, String(error));
    return error;
  }
  return assert.fail("it was answered");
}

const asOf = "2026-11-01";
const no = () => fromJson(ProposalSchema, gates.no);
const yes = () => fromJson(ProposalSchema, gates.yes);

for (const protocol of ["grpc", "json"] as const) {
  const client = connect({ baseUrl: gates.open[protocol], protocol, timeoutMs: 30_000 });

  test(`${protocol}: a no has its plan and its record`, async () => {
    const { decision, record } = await client.evaluate({ proposal: no(), asOf });
    assert.equal(verdictName(decision), "NO_GO");
    assert.equal(exitCode(decision), 1);
    assert.ok((decision?.plan?.items.length ?? 0) > 3 && (decision?.waysToYes.length ?? 0) > 0);
    const kept = await client.getDecision({ decisionId: record!.decisionId });
    assert.deepEqual([kept.decision?.verdict, kept.decision?.proposalId], [Verdict.NO_GO, "refund-agent"]);
  });

  test(`${protocol}: a yes is a yes`, async () => {
    const { decision } = await client.evaluate({ proposal: yes(), asOf, view: View.SUMMARY });
    assert.ok(isGo(decision), verdictName(decision));
    assert.equal(exitCode(decision), 0);
  });

  test(`${protocol}: a changed fact changes the answer, and nothing is recorded`, async () => {
    const before = (await client.listDecisions({})).decisions.length;
    const crm = { fact: "source.completeness", subject: "crm", value: { kind: { case: "number", value: 0.999 } } } as const;
    const { decision } = await client.simulate({ proposal: no(), asOf, overrides: [crm] });
    assert.equal(decision?.verdict, Verdict.NO_GO);
    assert.ok(!decision?.plan?.items.some((item) => item.id === "W-DAT-03[crm]"));
    assert.equal((await client.listDecisions({})).decisions.length, before);
  });

  test(`${protocol}: every fault of a proposal is told`, async () => {
    const proposal = { id: "p", dataSources: [{ id: "crm", completeness: 2 }, { id: "NOT AN ID" }] };
    const error = await failureOf(client.evaluate({ proposal }));
    assert.deepEqual([error.code, error.reason], [Code.InvalidArgument, "INVALID_PROPOSAL"]);
    assert.equal(error.metadata["faults"], String(error.faults.length));
    assert.ok(error.faults.some((fault) => fault.path === "data_sources[crm].completeness"));
    assert.equal(error.isCallersFault, true);
  });

  test(`${protocol}: a deadline that passes is an error`, async () => {
    assert.equal((await failureOf(client.evaluate({ proposal: no() }, { timeoutMs: 1 }))).code, Code.DeadlineExceeded);
  });
}

const open = connect({ baseUrl: gates.open.grpc, timeoutMs: 30_000 });

test("a stream answers every item", async () => {
  const answers = new Map<string, string>();
  for await (const { results } of open.evaluateStream(items())) {
    for (const { itemId, result } of results) {
      answers.set(itemId, result.case === "response" ? verdictName(result.value.decision) : (result.value?.reason ?? ""));
    }
  }
  assert.deepEqual([...answers].sort(), [["bad", "INVALID_PROPOSAL"], ["no", "NO_GO"]]);
});

async function* items() {
  yield { items: [{ itemId: "no", request: { proposal: no(), asOf } }] };
  yield { items: [{ itemId: "bad", request: { proposal: { id: "p", dataSources: [{ id: "crm", completeness: 2 }] } } }] };
}

test("recorded decisions can be watched until one has seen enough", async () => {
  const { record } = await open.evaluate({ proposal: no(), asOf });
  for await (const reply of open.watchDecisions({})) {
    if (reply.decision?.ref?.decisionId === record?.decisionId) {
      return;
    }
  }
  assert.fail("the stream ended");
});

test("a stream that fails ends with a GateError", async () => {
  const watch = open.watchDecisions({ resumeToken: "none of yours" });
  const error = await failureOf(watch[Symbol.asyncIterator]().next());
  assert.equal(error.reason, "INVALID_TOKEN");
});

test("a gate that was away is asked again", async () => {
  const reply = await connect({ baseUrl: gates.away }).evaluate({ requestId: "the same" });
  assert.equal(reply.requestId, "the same");
});

test("where nobody listens, no verdict is reached", async () => {
  const error = await failureOf(connect({ baseUrl: gates.nobody, timeoutMs: 800 }).getServerInfo({}));
  assert.deepEqual([error.code, error.reason], [Code.Unavailable, ""]);
});

test("a gate that asks who calls takes a key, and the CA that signed it", async () => {
  const { url: baseUrl, ca, key } = gates.guarded;
  const known = await connect({ baseUrl, tls: { ca }, token: key }).evaluate({ proposal: { id: "refund-agent" } });
  assert.ok(known.decision !== undefined && !isGo(known.decision));
  const unknown = await failureOf(connect({ baseUrl, tls: { ca } }).evaluate({ proposal: { id: "refund-agent" } }));
  assert.deepEqual([unknown.code, unknown.reason], [Code.Unauthenticated, "UNAUTHENTICATED"]);
  const refused = await failureOf(connect({ baseUrl, tls: { ca }, token: () => key }).listWaivers({}));
  assert.equal(refused.code, Code.PermissionDenied);
  const strange = connect({ baseUrl, token: key, timeoutMs: 800 });
  assert.equal((await failureOf(strange.getServerInfo({}))).reason, "");
});

test("the contract is there in full", () => {
  assert.equal(file_readygate_v1_proposal.proto.package, "readygate.v1");
  assert.ok(GateSchema.values.length >= 4);
});

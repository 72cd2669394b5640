import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { GateClient, GateError, MAX_ATTEMPTS, exitCode, isGo, verdictName } from "@readygate/client";
import { DecisionSchema, EvaluateRequestSchema, GateService, InputFaultsSchema, Verdict } from "@readygate/client/v1";
import assert from "node:assert/strict";
import { test } from "node:test";

import { ErrorInfoSchema } from "../dist/gen/google/rpc/error_details_pb.js";
import { Sending } from "../dist/sending.js";

/** Returns a client of a gate that fails as it is told to, one call after the other, and what that gate was asked. */
function scripted(failures: ConnectError[], timeoutMs = 5000) {
  const seen: { id: string; left: number; authorization: string | null }[] = [];
  const transport = createRouterTransport(({ service }) => {
    service(GateService, {
      evaluate(request, context) {
        const authorization = context.requestHeader.get("authorization");
        seen.push({ id: request.requestId, left: context.timeoutMs() ?? 0, authorization });
        const failure = failures.shift();
        if (failure !== undefined) {
          throw failure;
        }
        return { requestId: request.requestId };
      },
      batchEvaluate(request) {
        seen.push(...request.items.map((item) => ({ id: item.requestId, left: 0, authorization: null })));
        return {};
      },
    });
  });
  return { seen, client: createClient(GateService, new Sending(transport, timeoutMs, () => `t${seen.length}`)) };
}

const unavailable = () => new ConnectError("away", Code.Unavailable);

async function failureOf(call: Promise<unknown>): Promise<GateError> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof GateError);
    return error;
  }
  return assert.fail("it was answered");
}

test("a gate that was away is asked again, with the same id, a token of that moment and what is left of the time", async () => {
  const { seen, client } = scripted([unavailable(), unavailable()]);
  const reply = await client.evaluate({ proposal: { id: "p" } });
  assert.equal(seen.length, 3);
  assert.deepEqual(new Set(seen.map((each) => each.id)), new Set([reply.requestId]));
  assert.match(reply.requestId, /^[0-9a-f-]{36}$/);
  assert.deepEqual(seen.map((each) => each.authorization), ["Bearer t0", "Bearer t1", "Bearer t2"]);
  assert.ok(seen[0]!.left > seen[1]!.left && seen[1]!.left > seen[2]!.left);
});

test("attempts end with their number, and with the deadline", async () => {
  const many = scripted(Array.from({ length: 9 }, unavailable));
  assert.equal((await failureOf(many.client.evaluate({}))).code, Code.Unavailable);
  assert.equal(many.seen.length, MAX_ATTEMPTS);
  const short = scripted(Array.from({ length: 9 }, unavailable), 60);
  await failureOf(short.client.evaluate({}));
  assert.equal(short.seen.length, 1);
});

for (const code of [Code.InvalidArgument, Code.ResourceExhausted, Code.Internal, Code.Unauthenticated, Code.Aborted]) {
  test(`${Code[code]} is not tried again`, async () => {
    const { seen, client } = scripted([new ConnectError("no", code)]);
    assert.equal((await failureOf(client.evaluate({}))).code, code);
    assert.equal(seen.length, 1);
  });
}

test("an error tells its reason, metadata and faults", async () => {
  const fault = { path: "data_sources[crm].completeness", message: "out of range", got: "2", expected: "0..1" };
  const details = [
    { desc: ErrorInfoSchema, value: { reason: "ELSEWHERE", domain: "other.example" } },
    { desc: ErrorInfoSchema, value: { reason: "INVALID_PROPOSAL", domain: "readygate.dev", metadata: { faults: "1" } } },
    { desc: InputFaultsSchema, value: { faults: [fault] } },
  ];
  const error = await failureOf(scripted([new ConnectError("bad", Code.InvalidArgument, {}, details)]).client.evaluate({}));
  assert.equal(error.reason, "INVALID_PROPOSAL");
  assert.deepEqual(error.metadata, { faults: "1" });
  assert.equal(error.faults[0]?.path, fault.path);
  assert.equal(error.isCallersFault, true);
  assert.equal(error.message, `INVALID_PROPOSAL: bad\n  ${fault.path}: out of range, got 2, expected 0..1`);
});

test("the caller's message stays as it is, and ids of the caller are kept", async () => {
  const { seen, client } = scripted([]);
  const request = create(EvaluateRequestSchema, {});
  await client.evaluate(request);
  await client.evaluate({ requestId: "mine" });
  await client.batchEvaluate({ items: [request, { requestId: "its own" }] });
  assert.equal(request.requestId, "");
  assert.deepEqual([seen[1]!.id, seen[3]!.id], ["mine", "its own"]);
  assert.ok(seen[0]!.id !== "" && seen[2]!.id !== "");
});

test("only a go is a go", () => {
  const said = (verdict: Verdict | undefined) =>
    verdict === undefined ? undefined : create(DecisionSchema, { verdict });
  const rows = [Verdict.GO, Verdict.GO_WITH_CONDITIONS, Verdict.NO_GO, Verdict.UNDETERMINED, Verdict.UNSPECIFIED, undefined];
  assert.deepEqual(rows.map((each) => isGo(said(each))), [true, true, false, false, false, false]);
  assert.deepEqual(rows.map((each) => exitCode(said(each))), [0, 0, 1, 2, 4, 4]);
  assert.equal(verdictName(said(Verdict.GO_WITH_CONDITIONS)), "GO_WITH_CONDITIONS");
  const newer = create(DecisionSchema, { verdict: 99 as Verdict });
  assert.deepEqual([isGo(newer), exitCode(newer), verdictName(newer)], [false, 4, "VERDICT_99"]);
});

test("no token travels to another machine in clear", () => {
  for (const baseUrl of ["http://gate.bank.example:7443", "http://10.0.0.7:7443", "http://127.evil.example:7443"]) {
    assert.throws(() => new GateClient({ baseUrl, token: "secret" }), /in clear/);
  }
  for (const baseUrl of ["http://127.0.0.1:7443", "http://localhost:7443", "http://[::1]:7443", "https://gate.example"]) {
    new GateClient({ baseUrl, token: "secret" }).close();
  }
  assert.throws(() => new GateClient({ baseUrl: "https://gate.example", tls: { key: "k" } }), /belong together/);
  assert.throws(() => new GateClient({ baseUrl: "ftp://gate.example" }), /expected https/);
});

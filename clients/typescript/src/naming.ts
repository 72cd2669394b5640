import { clone, create, isMessage, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { randomUUID } from "node:crypto";

import { BatchEvaluateRequestSchema, EvaluateStreamRequestSchema } from "./gen/readygate/v1/gate_service_pb.js";

/** Returns a request with an id, so that all attempts carry the same one. The caller's message stays as it is. */
export function named<I extends DescMessage>(schema: I, input: MessageInitShape<I>): MessageShape<I> {
  const message = clone(schema, create(schema, input));
  if (isMessage(message, BatchEvaluateRequestSchema)) {
    for (const item of message.items) {
      item.requestId ||= randomUUID();
    }
  } else if (isMessage(message, EvaluateStreamRequestSchema)) {
    for (const item of message.items) {
      if (item.request !== undefined) {
        item.request.requestId ||= randomUUID();
      }
    }
  } else {
    const field = schema.fields.find((each) => each.name === "request_id");
    const held = reflect(schema, message);
    if (field?.fieldKind === "scalar" && held.get(field) === "") {
      held.set(field, randomUUID());
    }
  }
  return message;
}

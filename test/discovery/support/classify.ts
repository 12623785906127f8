import assert from "node:assert/strict";
import { parseService } from "../../../src/discovery/objects/service-object.ts";
import { type Classification, classifyService } from "../../../src/discovery/rules/classify.ts";
import { DEFAULT_CONTEXT } from "../../../src/domain/controller-context.ts";
import type { NlbService, SkipReason } from "../../../src/domain/service.ts";

/** What an object of the API is to us. */
export const classify = (object: unknown): Classification =>
  classifyService(parseService(object), { context: DEFAULT_CONTEXT }, "/");

/** The same, of one that must be an internal NLB. */
export function nlb(object: unknown): NlbService {
  const result = classify(object);
  assert.equal(result.kind, "nlb", result.kind === "skipped" ? `${result.reason}: ${result.detail}` : "");
  return result.kind === "nlb" ? result.service : assert.fail();
}

/** Why one that must not be probed is not. */
export function skip(object: unknown): SkipReason {
  const result = classify(object);
  assert.equal(result.kind, "skipped");
  return result.kind === "skipped" ? result.reason : assert.fail();
}

import * as v from "valibot";
import { type ControllerContext, lbcHas } from "../../domain/controller-context.ts";
import type { Controller } from "../../domain/service.ts";
import { actionsAnnotation } from "../objects/annotations.ts";
import type { ServiceObject, ServicePort } from "../objects/service-object.ts";
import { describeIssue } from "../problems.ts";
import type { Findings } from "./findings.ts";

const weight = v.optional(
  v.pipe(v.number("a weight from 0 to 999"), v.integer("a whole number"), v.minValue(0), v.maxValue(999)),
);
const actionSchema = v.object({
  type: v.literal("forward"),
  forwardConfig: v.optional(
    v.object({
      baseServiceWeight: weight,
      targetGroups: v.optional(
        v.array(
          v.object({
            serviceName: v.optional(v.string()),
            servicePort: v.optional(v.union([v.number(), v.string()])),
            targetGroupARN: v.optional(v.string()),
            weight,
          }),
        ),
        [],
      ),
    }),
  ),
});

/**
 * The share of a listener's connections that go to the Service's own target group.
 *
 * @returns 1 where nothing says otherwise; `undefined` where the weights do not tell.
 * @see aws-load-balancer-controller, pkg/service/model_build_listener.go (buildActionConfigViaAnnotation).
 */
export function weightOf(
  controller: Controller,
  service: ServiceObject,
  port: ServicePort,
  tlsTerminated: boolean,
  context: ControllerContext,
  findings: Findings,
): number | undefined {
  if (controller !== "lbc" || !lbcHas(context, "weightedTargetGroups")) return 1;
  const key = actionsAnnotation(tlsTerminated ? "TLS" : port.protocol, port.port);
  const text = service.annotations.get(key);
  if (text === undefined) return 1;
  const action = v.safeParse(actionSchema, parseJson(text));
  if (!action.success) {
    findings.refuse(`${key}: ${describeIssue(action.issues[0])}.`);
    return undefined;
  }
  const { baseServiceWeight, targetGroups = [] } = action.output.forwardConfig ?? {};
  if (targetGroups.length === 0) return 1;
  const isOwn = ({ serviceName, servicePort }: (typeof targetGroups)[number]): boolean =>
    serviceName === service.name && (String(servicePort) === String(port.port) || servicePort === port.name);
  const groups = targetGroups.map((group) => ({ own: isOwn(group), weight: group.weight }));
  const weights = baseServiceWeight === undefined ? groups : [...groups, { own: true, weight: baseServiceWeight }];
  const share = shareOfOwn(weights);
  if (share === undefined) {
    findings.doubt(
      `The share of port ${port.port} that goes to this Service is not known: ${key} gives no weights. The AWS console tells.`,
    );
  }
  return share;
}

function shareOfOwn(groups: readonly { readonly own: boolean; readonly weight: number | undefined }[]): number | undefined {
  if (groups.every(({ own }) => own)) return 1;
  let all = 0;
  let own = 0;
  for (const group of groups) {
    if (group.weight === undefined) return undefined;
    all += group.weight;
    if (group.own) own += group.weight;
  }
  return all === 0 ? undefined : own / all;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

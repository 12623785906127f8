import type { TargetType } from "../domain/target-group.ts";

/** What a TargetGroupBinding says of the target group it binds; `undefined`: it does not say. */
export interface BindingFacts {
  readonly targetType: TargetType | undefined;
  readonly nodeSelector: ReadonlyMap<string, string> | undefined;
  readonly multiCluster: boolean;
  readonly ipFamily: 4 | 6 | undefined;
}

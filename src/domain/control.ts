import type { Listener, NlbService } from "./service.ts";

/**
 * The way past the NLB to the same backends: the ClusterIP of the Service. What fails on both ways is the backends' fault, what
 * fails only through the NLB is not.
 */
export interface Control {
  readonly id: string;
  readonly service: NlbService;
  readonly listener: Listener;
  readonly address: string;
  readonly port: number;
}

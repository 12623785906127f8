import { isDeepStrictEqual } from "node:util";
import type { DnsRecords } from "../dns/zone.ts";
import type { Fault, Network } from "../network.ts";
import type { Topology } from "../topology.ts";
import { ENDPOINT_CONTROLLER, MANAGED_BY_LABEL } from "./defaults.ts";
import { servicePorts } from "./kube-proxy.ts";
import { type LoadBalancers, loadBalancers, type NlbStates } from "./load-balancers.ts";
import { type EndpointSlice, keyOf, SERVICE_NAME_LABEL, type Service, toEndpointSlice, toService } from "./objects.ts";
import type { Store } from "./store.ts";

export interface ControllersOptions {
  readonly store: Store;
  readonly topology: Topology;
  readonly ttlSeconds: number;
  readonly setRecords: (records: DnsRecords) => void;
  readonly apply: (network: Network) => Promise<unknown>;
  readonly onError: (error: Error) => void;
}

/**
 * The loop that keeps DNS, the network and the Services' status in line with the objects.
 *
 * One pass at a time, over the latest state only: changes that come during a pass are seen by the next one. A pass that fails is
 * not repeated by itself; the next change tries again, and whoever waits for `settled` hears of it.
 */
export class Controllers {
  readonly #options: ControllersOptions;
  readonly #unsubscribe: readonly (() => void)[];
  #states: NlbStates = new Map();
  #faults: readonly Fault[] = [];
  #topology: Topology;
  /** What the network was last made to do; `undefined` when that is not known. */
  #applied: Network | undefined;
  #problems: LoadBalancers["problems"] = [];
  #isDirty = false;
  #isClosed = false;
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: ControllersOptions) {
    this.#options = options;
    this.#topology = options.topology;
    this.#unsubscribe = (["services", "endpointslices"] as const).map((resource) =>
      options.store.subscribe(resource, () => this.#changed()),
    );
    this.#changed();
  }

  setFaults(faults: readonly Fault[]): void {
    this.#faults = [...faults];
    this.#changed();
  }

  /** Replaces the nodes that NLBs can have as targets. */
  setTopology(topology: Topology): void {
    this.#topology = topology;
    this.#changed();
  }

  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#isClosed) throw new Error("cluster: it is closed");
  }

  /** Waits for the pass that is under way; no other begins. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#running;
  }

  #changed(): void {
    this.#isDirty = true;
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // Whatever else changes in this turn of the loop belongs to the same pass.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#isDirty && !this.#isClosed) {
      this.#isDirty = false;
      try {
        await this.#pass();
        this.#failure = undefined;
      } catch (error) {
        this.#failure = { error };
        this.#options.onError(error instanceof Error ? error : new Error(String(error)));
      }
    }
    this.#running = undefined;
  }

  async #pass(): Promise<void> {
    const { store, ttlSeconds, setRecords } = this.#options;
    const services = store.list("services").map(toService);
    const slices = this.#withoutOrphans(services, store.list("endpointslices").map(toEndpointSlice));
    const balancers = loadBalancers({ services, slices, topology: this.#topology }, this.#states, ttlSeconds);
    this.#states = balancers.states;
    this.#report(balancers.problems);
    setRecords(balancers.records);
    const { listeners, hostnames } = balancers;
    await this.#apply({ servicePorts: servicePorts(services, slices), listeners, faults: this.#faults });
    for (const service of services) this.#writeStatus(service, hostnames.get(keyOf(service.metadata)));
  }

  async #apply(network: Network): Promise<void> {
    if (isDeepStrictEqual(network, this.#applied)) return;
    // A failure may leave it half done.
    this.#applied = undefined;
    await this.#options.apply(network);
    this.#applied = network;
  }

  /** The controller says once, not at every pass, what it cannot do. */
  #report(problems: LoadBalancers["problems"]): void {
    if (isDeepStrictEqual(problems, this.#problems)) return;
    this.#problems = problems;
    for (const { service, problem } of problems) this.#options.onError(new Error(`Service ${service}: ${problem}`));
  }

  /** The endpoint controller takes its slices away with their Service. */
  #withoutOrphans(services: readonly Service[], slices: readonly EndpointSlice[]): readonly EndpointSlice[] {
    const present = new Set(services.map(({ metadata }) => keyOf(metadata)));
    return slices.filter(({ metadata: { namespace, name, labels = {} } }) => {
      const owner = labels[SERVICE_NAME_LABEL];
      if (labels[MANAGED_BY_LABEL] !== ENDPOINT_CONTROLLER || owner === undefined) return true;
      if (present.has(keyOf({ namespace, name: owner }))) return true;
      this.#options.store.delete("endpointslices", namespace, name);
      return false;
    });
  }

  /** As the controller does once the NLB is there. The Service may have changed or gone since the pass began. */
  #writeStatus({ metadata }: Service, hostname: string | undefined): void {
    const { store } = this.#options;
    const present = store.find("services", metadata.namespace, metadata.name);
    if (present === undefined || present.metadata.uid !== metadata.uid) return;
    store.replace("services", {
      ...present,
      status: { loadBalancer: hostname === undefined ? {} : { ingress: [{ hostname }] } },
    });
  }
}

/** An annotation to set on a Service; without a value, to take away. */
export interface AnnotationChange {
  readonly key: string;
  readonly value: string | undefined;
}

/** What ends the hairpins of one load balancer, in the words of its own controller. */
export interface Fix {
  /** What it does, in one sentence: the same for all that it is the same for. */
  readonly summary: string;
  /** What to set on the Service, merged with what is there; empty where annotations cannot help. */
  readonly annotations: readonly AnnotationChange[];
  /** The Service is deleted and made again with these annotations: on the one that is there they would change nothing. */
  readonly anew: boolean;
  /** Objects to apply, as YAML; "" where there are none. */
  readonly manifest: string;
  /** What else is to be known before: versions, ports that it does not reach, settings that stand in the way. */
  readonly caveats: readonly string[];
  /** What it costs. */
  readonly costs: readonly string[];
  /** What can be done instead. */
  readonly alternatives: readonly string[];
}

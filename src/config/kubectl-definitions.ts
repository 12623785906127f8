import { define } from "./definition.ts";
import { path, word } from "./parsers.ts";

/** Which cluster, for a command that finds it as kubectl does. */
export interface KubectlSettings {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
}

export const KUBECTL_DEFINITIONS = {
  kubeconfig: define({
    parse: path,
    placeholder: "FILE",
    help: "Kubeconfig. Default: the files that KUBECONFIG names, or ~/.kube/config.",
  }),
  context: define({ parse: word, placeholder: "NAME", help: "Context of the kubeconfig. Default: its current one." }),
} as const;

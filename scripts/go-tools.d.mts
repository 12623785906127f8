/** @returns Path of the program; `undefined` when it is not there. */
export declare function findGoTool(
  name: "kube-apiserver" | "kubectl" | "etcd" | "actionlint" | "dashboard-linter" | "pint" | "helm" | "kustomize" | "blackbox-exporter" | "cloudprober",
  env?: Readonly<Record<string, string | undefined>>,
): string | undefined;

/** @returns Folder with the module's files; `undefined` when it is not there. */
export declare function findGoModule(name: "prometheus-operator"): string | undefined;

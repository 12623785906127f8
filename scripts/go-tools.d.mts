/** @returns Path of the program; `undefined` when it is not there. */
export declare function findGoTool(
  name: "kube-apiserver" | "etcd" | "pint",
  env?: Readonly<Record<string, string | undefined>>,
): string | undefined;

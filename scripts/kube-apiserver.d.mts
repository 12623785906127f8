/** @returns Paths of both programs; `undefined` when one of them is not there. */
export declare function findKubeApiserver(
  env?: Readonly<Record<string, string | undefined>>,
): { readonly kubeApiserver: string; readonly etcd: string } | undefined;

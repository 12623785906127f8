/** What a check is aimed at: the NLB of a Service, all its ports or one, or any private host and port. */
export type CheckTarget =
  | { readonly kind: "service"; readonly namespace: string; readonly name: string; readonly port: number | undefined }
  | { readonly kind: "host"; readonly host: string; readonly port: number };

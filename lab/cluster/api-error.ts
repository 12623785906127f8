/** Why a request cannot be fulfilled, as the Kubernetes API says it. */

/** The reasons that the lab's server gives. @see k8s.io/apimachinery, meta/v1, StatusReason. */
const CODES = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  Timeout: 504,
} as const;
export type StatusReason = keyof typeof CODES;

export interface StatusDetails {
  readonly [field: string]: unknown;
}

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly reason: StatusReason;
  readonly code: number;
  readonly details: StatusDetails | undefined;
  constructor(reason: StatusReason, message: string, details?: StatusDetails) {
    super(message);
    this.reason = reason;
    this.code = CODES[reason];
    this.details = details;
  }
}

/** The `Status` object that goes over the wire. */
export const statusOf = ({ message, reason, code, details }: ApiError): object => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message,
  reason,
  ...(details === undefined ? {} : { details }),
  code,
});

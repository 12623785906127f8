import type { TargetType } from "./target-group.ts";
import { isAtLeast, type Version } from "./version.ts";

/** What the operator says about the controllers of the cluster: a Service does not carry it, and it changes the answers. */
export interface ControllerContext {
  /** AWS Load Balancer Controller; `undefined`: a current one. */
  readonly lbcVersion: Version | undefined;
  /** Cloud provider AWS, or the Kubernetes version of an in-tree one; `undefined`: not known. */
  readonly ccmVersion: Version | undefined;
  /** `--default-target-type` of the controller, since 2.5.0. */
  readonly lbcTargetType: TargetType;
  /** `--default-load-balancer-scheme` of the controller, since 2.11.0. */
  readonly lbcScheme: Scheme;
  /** `--load-balancer-class` of the controller. */
  readonly lbcClass: string;
  /** Feature gate `ServiceTypeLoadBalancerOnly`: annotated NodePort and ClusterIP Services get no NLB. */
  readonly lbcLoadBalancerOnly: boolean;
  /** Feature gate `EnableTCPUDPListener`: ports for TCP and UDP become one listener of both, where no annotation says otherwise. */
  readonly lbcTcpUdpListener: boolean;
  /** Feature gate `EnableIPTargetType`: without it, the controller refuses targets of type ip. */
  readonly lbcIpTargets: boolean;
  /** Feature gate `EnableServiceController`: without it, the controller makes nothing of Services. */
  readonly lbcServiceController: boolean;
}

export const SCHEMES = ["internal", "internet-facing"] as const;
export type Scheme = (typeof SCHEMES)[number];

/** Controllers as they come. */
export const DEFAULT_CONTEXT: ControllerContext = {
  lbcVersion: undefined,
  ccmVersion: undefined,
  lbcTargetType: "instance",
  lbcScheme: "internal",
  lbcClass: "service.k8s.aws/nlb",
  lbcLoadBalancerOnly: false,
  lbcTcpUdpListener: false,
  lbcIpTargets: true,
  lbcServiceController: true,
};

/** The release of the controller that brought each feature. @see aws-load-balancer-controller, release notes. */
const LBC_SINCE = {
  targetGroupAttributes: [2, 1, 0],
  schemeAndExternal: [2, 2, 0],
  loadBalancerClass: [2, 4, 0],
  defaultTargetType: [2, 5, 0],
  multiCluster: [2, 10, 0],
  defaultScheme: [2, 11, 0],
  tcpUdpListener: [2, 14, 0],
  portAttributes: [2, 14, 0],
  strictAttributes: [2, 14, 1],
  quic: [2, 15, 0],
  weightedTargetGroups: [2, 16, 0],
} as const satisfies Readonly<Record<string, readonly [number, number, number]>>;

/** Whether the cluster's controller has a feature; a controller of unknown version has them all. */
export const lbcHas = ({ lbcVersion }: ControllerContext, feature: keyof typeof LBC_SINCE): boolean =>
  lbcVersion === undefined || isAtLeast(lbcVersion, LBC_SINCE[feature]);

/**
 * Whether the cloud provider honours the annotation for target group attributes. Older ones ignore it without a word, and so does
 * 1.34.1, although 1.34.0 does not.
 *
 * @returns `undefined` when its version is not known.
 * @see cloud-provider-aws, git tags that contain the change of aws_loadbalancer.go.
 */
export function ccmHonoursAttributes({ ccmVersion }: ControllerContext): boolean | undefined {
  if (ccmVersion === undefined) return undefined;
  const { major, minor, patch } = ccmVersion;
  if (major !== 1) return major > 1;
  switch (minor) {
    case 32:
      return patch >= 6;
    case 33:
      return patch >= 3;
    case 34:
      return patch !== 1;
    default:
      return minor > 34;
  }
}

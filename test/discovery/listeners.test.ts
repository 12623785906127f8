import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { reachOf } from "../../src/domain/service.ts";
import { nlb, skip } from "./support/classify.ts";
import { CCM, lbcService, service, TCP_80 } from "./support/objects.ts";

describe("what is said on a listener", () => {
  const protocols = (ports: readonly unknown[], annotations: Record<string, string> = {}): readonly string[] =>
    nlb(lbcService({ ports, annotations })).listeners.map(({ protocol }) => protocol);
  const cert = { "ssl-cert": "arn:aws:acm:eu-west-1:1:certificate/x" };

  const said: readonly (readonly [unknown, string])[] = [
    [{ port: 80 }, "tcp"],
    [{ port: 80, name: "web" }, "tcp"],
    [{ port: 80, name: "http" }, "http"],
    [{ port: 80, name: "http-web" }, "http"],
    [{ port: 80, name: "https" }, "https"],
    [{ port: 80, name: "https-web" }, "https"],
    [{ port: 80, name: "http2" }, "tcp"],
    [{ port: 80, name: "http2-web" }, "tcp"],
    [{ port: 80, name: "grpc" }, "tcp"],
    [{ port: 80, name: "httpd" }, "tcp"],
    [{ port: 80, appProtocol: "http" }, "http"],
    [{ port: 80, appProtocol: "HTTPS" }, "https"],
    [{ port: 80, appProtocol: "kubernetes.io/ws" }, "http"],
    [{ port: 80, appProtocol: "kubernetes.io/wss" }, "https"],
    [{ port: 80, appProtocol: "kubernetes.io/h2c", name: "http" }, "tcp"],
    [{ port: 80, appProtocol: "redis", name: "http" }, "tcp"],
  ];
  for (const [port, protocol] of said) {
    it(`${JSON.stringify(port)} is ${protocol}`, () => assert.deepEqual(protocols([port]), [protocol]));
  }

  it("a TLS listener is https when its port says http or https, else tls", () => {
    const ports = [
      { port: 1, name: "http" },
      { port: 2, name: "https" },
      { port: 3, name: "db" },
    ];
    assert.deepEqual(protocols(ports, cert), ["https", "https", "tls"]);
  });
  it("a TLS listener whose port does not say HTTP is probed as far as the NLB, until our annotation tells what it speaks", () => {
    const reaches = (ports: readonly unknown[], annotations: Record<string, string> = {}) =>
      nlb(lbcService({ ports, annotations: { ...cert, ...annotations } })).listeners.map(reachOf);
    assert.deepEqual(reaches([{ port: 443 }]), ["nlb"]);
    assert.deepEqual(reaches([{ port: 8883, name: "mqtts" }]), ["nlb"]);
    assert.deepEqual(reaches([{ port: 443, name: "https" }]), ["backends"]);
    assert.deepEqual(reaches([{ port: 443 }], { "hairpin-probe/protocol": "443=https" }), ["backends"]);
    assert.deepEqual(reaches([{ port: 443 }], { "hairpin-probe/protocol": "443=http" }), ["backends"]);
    assert.deepEqual(reaches([{ port: 443 }], { "hairpin-probe/protocol": "443=tcp" }), ["nlb"]);
    assert.deepEqual(reaches([{ port: 443 }], { "hairpin-probe/protocol": "443=tls" }), ["nlb"]);
  });
  it("only the ports that ssl-ports names are TLS listeners", () => {
    const ports = [
      { port: 1, name: "a" },
      { port: 2, name: "b" },
      { port: 3, name: "c" },
    ];
    const found = nlb(lbcService({ ports, annotations: { ...cert, "ssl-ports": "b, 3" } }));
    assert.deepEqual(
      found.listeners.map(({ tlsTerminated }) => tlsTerminated),
      [false, true, true],
    );
  });
  it("ssl-ports * means all ports to the cloud provider alone, and nothing without a certificate", () => {
    const terminated = (object: unknown): boolean | undefined => nlb(object).listeners[0]?.tlsTerminated;
    assert.equal(terminated(service({ annotations: { ...CCM, ...cert, "ssl-ports": "*" } })), true);
    assert.equal(terminated(lbcService({ annotations: { ...cert, "ssl-ports": "*" } })), false);
    assert.equal(terminated(service({ annotations: { ...CCM, "ssl-ports": "*" } })), false);
  });
  it("an https port without a TLS listener passes TLS through", () => {
    const [listener] = nlb(lbcService({ ports: [{ port: 443, name: "https" }] })).listeners;
    assert.deepEqual([listener?.protocol, listener?.tlsTerminated], ["https", false]);
  });
  it("our annotation outranks both, by number or name", () => {
    const ports = [
      { port: 80, name: "http" },
      { port: 9000, appProtocol: "http" },
      { port: 443, name: "admin" },
    ];
    const annotations = { "hairpin-probe/protocol": "80=tcp, 9000=tls,admin=https" };
    assert.deepEqual(protocols(ports, annotations), ["tcp", "tls", "https"]);
  });
  it("ports that are not TCP are left out, and without any other there is nothing to probe", () => {
    const udp = { port: 53, protocol: "UDP" };
    assert.deepEqual(
      nlb(lbcService({ ports: [udp, TCP_80] })).listeners.map(({ port }) => port),
      [80],
    );
    assert.equal(skip(lbcService({ ports: [udp, { port: 5, protocol: "SCTP" }] })), "no_tcp_port");
  });
});

describe("the way past the NLB", () => {
  const addressOf = (spec: Record<string, unknown>) => nlb(lbcService({ spec })).listeners[0]?.clusterAddress;

  it("is the Service's ClusterIP, on the port of the NLB", () => {
    assert.deepEqual(addressOf({ clusterIP: "172.20.0.80" }), { address: "172.20.0.80", port: 80 });
    assert.deepEqual(addressOf({ clusterIP: "fd00::80" }), { address: "fd00::80", port: 80 });
  });
  it("is not there for a headless Service, nor where it leads to the caller's own node only", () => {
    assert.equal(addressOf({ clusterIP: "None" }), undefined);
    assert.equal(addressOf({}), undefined);
    assert.equal(addressOf({ clusterIP: "172.20.0.80", internalTrafficPolicy: "Local" }), undefined);
    assert.deepEqual(addressOf({ clusterIP: "172.20.0.80", internalTrafficPolicy: "Cluster" })?.port, 80);
  });
});

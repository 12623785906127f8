import assert from "node:assert/strict";
import { test } from "node:test";
import { planControls } from "../../src/plan/controls.ts";
import { frontend, listener, nlbService } from "../support/services.ts";

const clusterAddress = { address: "172.20.0.80", port: 80 };

test("one control for each port of a Service, however many frontends it has", () => {
  const listeners = [
    listener({ port: 80, clusterAddress }),
    listener({ port: 443, clusterAddress: { ...clusterAddress, port: 443 } }),
  ];
  const service = nlbService({ listeners });
  const frontends = listeners.flatMap((one) =>
    ["10.0.32.5", "10.0.64.5"].map((address) => frontend({ service, listener: one, address })),
  );
  assert.deepEqual(
    planControls(frontends).map(({ id, address, port }) => ({ id, address, port })),
    [
      { id: "shop/web:80 control", address: "172.20.0.80", port: 80 },
      { id: "shop/web:443 control", address: "172.20.0.80", port: 443 },
    ],
  );
});

test("none where there is no way past the NLB", () => assert.deepEqual(planControls([frontend()]), []));

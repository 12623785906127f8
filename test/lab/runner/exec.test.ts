import assert from "node:assert/strict";
import test from "node:test";
import { execTool, ToolError } from "../../../lab/runner/exec.ts";
import { inOwnSandbox } from "../../../lab/runner/own-sandbox.ts";

const failure = (argv: readonly string[], input: string, signal?: AbortSignal) =>
  execTool(argv, input, signal).then(
    () => assert.fail("the tool succeeded"),
    (error: unknown) => {
      assert.ok(error instanceof ToolError);
      return error;
    },
  );

await inOwnSandbox(import.meta.filename, () => {
  test("an error of ip names the command, the line, and what ip said", async () => {
    const error = await failure(["ip", "-batch", "-"], "link set lo up\nlink set nowhere up\nlink set lo up\n");
    assert.equal(error.line, "link set nowhere up");
    assert.match(error.message, /^ip -batch -: exit code 1 at "link set nowhere up": Cannot find device "nowhere"/);
  });

  test("an error of nft names the command, the line, and what nft said", async () => {
    const error = await failure(["nft", "-f", "-"], "table ip t {\n\tchain c {\n\t\tip daddr nonsense.invalid drop\n\t}\n}\n");
    assert.equal(error.line, "\t\tip daddr nonsense.invalid drop");
    assert.match(error.message, /^nft -f -: exit code 1 at "ip daddr nonsense.invalid drop": \/dev\/stdin:3:/);
  });

  test("a tool that is not installed, or is killed, says so", async () => {
    assert.match((await failure(["/no/such/tool"], "")).message, /^\/no\/such\/tool: spawn \/no\/such\/tool ENOENT/);
    const stop = new AbortController();
    const killed = failure(["sleep", "60"], "", stop.signal);
    stop.abort();
    assert.match((await killed).message, /^sleep 60: The operation was aborted/);
  });

  test("a tool that does not read its input is judged by its exit code", async () => {
    await execTool(["true"], "x".repeat(1_000_000));
  });
});

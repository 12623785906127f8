/** Kubeconfig files, which other programs write and people edit. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe } from "node:test";
import fc from "fast-check";
import { KubeConfigError, loadKubeApi } from "../../src/discovery/api/kube-config.ts";
import { corpus } from "./support/corpus.ts";
import { fuzz } from "./support/fuzz.ts";
import { hostileYaml, YAML_WORDS } from "./support/hostile-yaml.ts";
import { mutatedJson, mutatedText } from "./support/mutate.ts";

describe("kubeconfigs", () => {
  const directory = mkdtempSync(join(tmpdir(), "hairpin-fuzz-"));
  after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "kubeconfig");

  const RECORDED = corpus("kubeconfigs.json");
  const pools = {
    keys: ["proxy-url", "server", "auth-provider", "exec", "current-context"],
    texts: ["https://a", "socks5://a", "me", "here"],
  };

  fuzz(
    "a kubeconfig is taken, or refused with the file and what is wrong",
    fc.record({
      text: fc.oneof(
        { weight: 6, arbitrary: mutatedJson(RECORDED, pools) },
        {
          weight: 2,
          arbitrary: mutatedText(
            RECORDED.map((each) => JSON.stringify(each, null, 1)),
            YAML_WORDS,
          ),
        },
        { weight: 1, arbitrary: hostileYaml("clusters") },
      ),
      context: fc.constantFrom(undefined, "here", "there"),
    }),
    async ({ text, context }) => {
      writeFileSync(file, text);
      try {
        const api = await loadKubeApi({ kubeconfig: file, context, env: {}, userAgent: "fuzz" });
        assert.ok(/^https?:/.test(api.server) && URL.canParse(api.server), api.server);
        await api.close();
      } catch (error) {
        if (!(error instanceof KubeConfigError)) throw error;
        assert.ok(error.message.includes(file), error.message);
      }
    },
  );
});

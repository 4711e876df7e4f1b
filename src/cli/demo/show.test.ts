import { describe, expect, test } from "vitest";
import { isolatedContext } from "../../../test/support/run-cli.ts";
import { VirtualClock } from "../../core/virtual-clock.ts";
import type { AttemptReport } from "../../operator/secret-sync/controller.ts";
import { DemoProgress } from "./progress.ts";
import type { DemoFacts } from "./screen.ts";
import { createShow } from "./show.ts";

const facts: DemoFacts = {
  vaultUrl: "https://demo.vault.localhost:1",
  secretCount: 6,
  requestLimit: 4000,
  windowSeconds: 10,
  clusterUrl: "https://127.0.0.1:2",
  namespaces: ["shop"],
  identityCount: 1,
  serviceAccountCount: 1,
  pollIntervalSeconds: 30,
  kubeconfigPath: "/tmp/kubeconfig",
};
const example = { name: "shop/db", clientId: "client", subject: "subject", secretNames: ["db-password"] };

function attempt(reason: string, version: string): AttemptReport {
  const isReady = reason !== "ProviderError";
  return {
    secretSync: { metadata: { namespace: "shop", name: "db" } },
    status: {
      conditions: [{ type: "Ready", status: isReady ? "True" : "False", message: "The vault is not there." }],
      secret: { keys: ["password"] },
      objects: [{ version }],
    },
    outcome: { kind: isReady ? "synced" : "failed", reason },
    lane: "forced",
    nextMs: 0,
  } as unknown as AttemptReport;
}

function setUp({ isTerminal, isColor }: { readonly isTerminal: boolean; readonly isColor: boolean }) {
  const clock = new VirtualClock();
  const { context, printed } = isolatedContext({ clock, isColor });
  const stdout = { ...context.process.stdout, ...(isTerminal ? { isTTY: true, columns: 80, rows: 24 } : {}) };
  const progress = new DemoProgress(clock, [example]);
  const show = createShow(
    { ...context, process: { ...context.process, stdout } },
    { facts, progress, isInviting: true },
  );
  return { clock, progress, show, text: () => printed().stdout };
}

describe.each([
  ["a pipe", { isTerminal: false, isColor: false }],
  ["a terminal with NO_COLOR", { isTerminal: true, isColor: false }],
])("on %s", (_title, stream) => {
  test("every step is a line, a poll without news is none, and nothing is a control character", () => {
    const { progress, show, text } = setUp(stream);
    show.start();
    progress.onAttempt(attempt("ProviderError", "v1"));
    progress.onAttempt(attempt("ProviderError", "v1"));
    progress.onAttempt(attempt("CreateSucceeded", "v1"));
    progress.onAttempt(attempt("UpdateNoValueChangeSucceeded", "v1"));
    progress.startRotation("db-password", "v2");
    show.rotated(["shop/db"]);
    progress.onAttempt(attempt("UpdateValueChangeOrForceUpdateSucceeded", "v2"));
    show.finished();
    show[Symbol.dispose]();
    const events = text()
      .split("\n")
      .filter((line) => line.startsWith("  shop/db"));
    expect(events).toEqual([
      "  shop/db  not ready: ProviderError: The vault is not there.",
      "  shop/db  ready",
      "  shop/db  in the cluster after 0 ms, asked for at once",
      expect.stringMatching(/^ {2}shop\/db +yes +UpdateValueChangeOrForceUpdate\S+ +1 +0 s +0$/),
    ]);
    expect(text()).toContain("export KUBECONFIG=/tmp/kubeconfig");
    // oxlint-disable-next-line no-control-regex -- the very characters that must not be there
    expect(text()).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});

describe("on a terminal", () => {
  test("the table is drawn in place, and ages by itself", async () => {
    const { clock, progress, show, text } = setUp({ isTerminal: true, isColor: true });
    show.start();
    progress.onAttempt(attempt("CreateSucceeded", "v1"));
    await clock.advance(3_000);
    expect(text()).toContain("3 s");
    expect(text().match(/SECRETSYNC/g)).toHaveLength(1);
    show[Symbol.dispose]();
    expect(clock.pendingCount).toBeLessThanOrEqual(1);
    const lengthAtEnd = text().length;
    await clock.advance(10_000);
    expect(text().length).toBe(lengthAtEnd);
  });
});

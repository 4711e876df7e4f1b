import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isolatedContext, type CliResult } from "../../../../test/support/run-cli.ts";
import { canaryToken, canaryValue } from "../../../../test/support/canary.ts";
import { VirtualClock } from "../../../core/virtual-clock.ts";
import { runCli } from "../../app.ts";
import type { CliContext } from "../../context.ts";
import { planSchemas } from "./schemas.ts";

const golden = (name: string) => `../../../../test/golden/plan/${name}.txt`;
const layoutPath = "docs/examples/layout.yaml";
const layout = readFileSync(new URL("../../../../docs/examples/layout.yaml", import.meta.url), "utf8");
const files = () => ({ [layoutPath]: layout });

/** Runs `keyweir plan …` in isolation; reads and writes `written`. */
async function runPlan(
  commandLine: string,
  changes?: Partial<CliContext>,
  written?: Record<string, string>,
): Promise<CliResult> {
  const { context, printed } = isolatedContext(changes, written);
  const exitCode = await runCli(["plan", ...commandLine.split(" ").filter(Boolean)], context);
  return { exitCode, ...printed() };
}

describe("screens", () => {
  test.each([
    ["jitter", "jitter --clusters 700 --secrets 30 --risk 0.0001"],
    ["jitter-second", "jitter --clusters 700 --secrets 30 --counting second"],
    ["jitter-not-needed", "jitter --clusters 20 --secrets 10"],
    ["jitter-large", "jitter --clusters 10000 --secrets 50 --vaults 5 --other-load 20"],
    ["jitter-no-guide", "jitter --clusters 700 --secrets 300"],
    ["jitter-none-helps", "jitter --clusters 5 --secrets 5000"],
    ["jitter-verified", "jitter --clusters 700 --secrets 30 --risk 0.01 --verify --samples 2000"],
    ["risk", "risk --clusters 700 --secrets 30 --jitter 190"],
    ["risk-without-jitter", "risk --clusters 2000 --secrets 20 --jitter 0"],
    ["capacity-clusters", "capacity --jitter 75 --secrets 30"],
    ["capacity-secrets", "capacity --jitter 600 --clusters 2000 --vaults 2"],
    ["table", "table"],
    ["table-csv", "table --clusters 700,1500 --secrets 30 --format csv"],
    ["vaults", `vaults ${layoutPath}`],
    ["budget", "budget --clusters 700 --secrets 30 --jitter 75"],
    ["budget-large", "budget --clusters 10000 --secrets 50"],
    ["cost", "cost --clusters 10000 --secrets 20"],
    ["limits", "limits"],
    ["limits-profile", "limits --profile azure-2026"],
  ])("%s is as people know it", async (name, commandLine) => {
    const result = await runPlan(commandLine, {}, files());
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    // oxlint-disable-next-line no-control-regex -- that there are none is the point
    expect(result.stdout).not.toMatch(/[\u0000-\u0009\u000b\u000c\u000e-\u001f]/);
    await expect(result.stdout).toMatchFileSnapshot(golden(name));
  });

  test.each([
    "jitter --clusters 10000000 --secrets 30 --risk 1e-300",
    "jitter --clusters 700 --secrets 300",
    "risk --clusters 700 --secrets 30 --jitter 190",
    "capacity --jitter 600 --clusters 2000",
    "limits",
    "limits --profile legacy-2000",
    "cost --clusters 10000 --secrets 20",
    "budget --clusters 10000 --secrets 50",
    `vaults ${layoutPath}`,
  ])("%s fits 80 columns", async (line) => {
    const { stdout } = await runPlan(line, {}, files());
    expect(stdout.split("\n").filter((text) => text.length > 80)).toEqual([]);
  });

  test("on a terminal colour adds weight and changes no character", async () => {
    const plain = await runPlan("jitter --clusters 700 --secrets 30");
    const coloured = await runPlan("jitter --clusters 700 --secrets 30", { isColor: true });
    expect(coloured.stdout).toContain("\u001b[1mjitterSeconds: 75\u001b[22m");
    // oxlint-disable-next-line no-control-regex -- colours are control characters
    expect(coloured.stdout.replaceAll(/\u001b\[\d+m/g, "")).toBe(plain.stdout);
  });

  test("--write makes Bicep, Terraform and a runbook", async () => {
    const written: Record<string, string> = files();
    const { stdout } = await runPlan(`vaults ${layoutPath} --write out/`, {}, written);
    expect(stdout).toContain("Written: out/subscription-1.bicep, out/subscription-1.tf, out/failover.md");
    await expect(written["out/subscription-1.bicep"]).toMatchFileSnapshot(golden("subscription-1.bicep"));
    await expect(written["out/subscription-1.tf"]).toMatchFileSnapshot(golden("subscription-1.tf"));
    await expect(written["out/failover.md"]).toMatchFileSnapshot(golden("failover.md"));
  });
});

describe("--json", () => {
  test.each([
    ["jitter", "jitter --clusters 700 --secrets 30 --verify --samples 10"],
    ["jitter", "jitter --clusters 700 --secrets 300 --counting sliding"],
    ["jitter", "jitter --clusters 5 --secrets 5000"],
    ["risk", "risk --clusters 700 --secrets 30 --jitter 190"],
    ["capacity", "capacity --jitter 75 --secrets 30"],
    ["capacity", "capacity --jitter 75 --clusters 70000000 --burst 1".replace("70000000", "7000000")],
    ["table", "table"],
    ["table", "table --clusters 700 --secrets 30,400 --counting guide --burst 10"],
    ["vaults", `vaults ${layoutPath}`],
    ["budget", "budget --clusters 700 --secrets 30"],
    ["cost", "cost --clusters 700 --secrets 30"],
    ["limits", "limits"],
    ["limits", "limits --profile strict-second"],
  ] as const)("%s is what its schema says: %s", async (name, commandLine) => {
    const { stdout, exitCode } = await runPlan(`${commandLine} --json`, {}, files());
    expect(exitCode).toBe(0);
    expect(planSchemas[name].safeParse(JSON.parse(stdout)).error).toBeUndefined();
  });

  test("the names of the contract are there", async () => {
    const { stdout } = await runPlan("jitter --clusters 700 --secrets 30 --risk 0.0001 --json");
    expect(JSON.parse(stdout)).toMatchObject({
      inputs: {
        clusters: 700,
        secretsPerCluster: 30,
        burst: 30,
        risk: 0.0001,
        limitPerWindow: 4000,
        windowSeconds: 10,
        vaults: 1,
        counting: "fixed",
      },
      guide: {
        zScore: expect.closeTo(3.719, 3),
        thresholdPerSecond: expect.closeTo(13.333, 3),
        meanPerSecond: expect.closeTo(3.698, 3),
        jitterSeconds: expect.closeTo(189.27, 2),
        jitterSecondsRounded: 190,
        riskPerSecond: expect.closeTo(3.357e-5, 8),
      },
      exact: { jitterSeconds: 75, riskPerWindow: expect.closeTo(1.07e-5, 7), counting: "fixed" },
      guideChecked: { second: { upper: expect.closeTo(0.0057, 4) }, fixed: {}, sliding: {} },
      floorSeconds: 52.5,
      worstCaseAgeSeconds: 3675,
      warnings: [],
    });
  });
});

describe("--verify", () => {
  test("the same seed prints the same, another seed another count", async () => {
    const line = "risk --clusters 700 --secrets 30 --jitter 65 --verify --samples 2000 --json";
    expect((await runPlan(line)).stdout).toBe((await runPlan(line)).stdout);
    expect((await runPlan(`${line} --seed 2`)).stdout).not.toBe((await runPlan(line)).stdout);
  });

  test("stops at once with what it has when asked to end", async () => {
    const signal = AbortSignal.abort();
    const line = "risk --clusters 700 --secrets 30 --jitter 65 --verify --samples 1000000 --json";
    expect(JSON.parse((await runPlan(line, { signal })).stdout).verified.samples).toBe(0);
  });

  test("progress goes to stderr of a terminal alone", async () => {
    let stderr = "";
    const stream = { write: (text: string) => void (stderr += text), isTTY: true };
    const nowMs = { value: 0 };
    const clock = Object.assign(new VirtualClock(), {
      monotonicMs: () => (nowMs.value += 200),
      setTimer: (_delayMs: number, callback: () => void) => {
        callback();
        return { [Symbol.dispose]() {} };
      },
    });
    let stdout = "";
    const out = { write: (text: string) => void (stdout += text) };
    await runPlan("risk --clusters 700 --secrets 30 --jitter 65 --verify --samples 9000 --json", {
      clock,
      process: { stdout: out, stderr: stream, env: {} },
    });
    expect(stderr).toContain("of 9,000 refreshes");
    expect(stderr.endsWith("\r\u001b[K")).toBe(true);
    expect(JSON.parse(stdout).verified.samples).toBe(9000);
  });
});

describe("wrong usage ends with exit code 2, names the flag and says what to try", () => {
  test.each([
    [
      "zero",
      "jitter --clusters 0 --secrets 30",
      "--clusters must be a whole number from 1 to 10,000,000, not 0.",
    ],
    ["a negative number", "jitter --clusters 7 --secrets -3", "--secrets"],
    ["a fraction", "jitter --clusters 1.5 --secrets 30", "--clusters must be a whole number"],
    ["NaN", "jitter --clusters NaN --secrets 30", "--clusters must be a whole number"],
    ["a billion clusters", "jitter --clusters 1000000000 --secrets 30", "--clusters must be a whole number"],
    ["risk 0", "jitter --clusters 7 --secrets 3 --risk 0", "--risk must be a number from 1e-300 to 0.5"],
    ["risk 1", "jitter --clusters 7 --secrets 3 --risk 1", "--risk must be a number from 1e-300 to 0.5"],
    ["risk in words", "jitter --clusters 7 --secrets 3 --risk low", "such as 0.0001 or 0.01%"],
    [
      "a burst above the secrets",
      "jitter --clusters 7 --secrets 3 --burst 4",
      "--burst must not be larger than the 3 secrets",
    ],
    [
      "no room beside others",
      "jitter --clusters 7 --secrets 3 --other-load 400",
      "--other-load must be below the 400",
    ],
    ["nothing to look for", "capacity --jitter 75", "Give --secrets"],
    ["nothing left to look for", "capacity --jitter 75 --clusters 1 --secrets 1", "not both"],
    ["a list with a hole", "table --clusters 10,,20", "--clusters must be numbers between commas"],
    ["an endless list", `table --clusters ${"1,".repeat(60)}1`, "--clusters must list 1 to 50 numbers"],
    [
      "an unknown counting",
      "jitter --clusters 7 --secrets 3 --counting minute",
      "--counting must be second, fixed or sliding",
    ],
    ["a flag that is missing", "jitter --clusters 7", "--secrets is missing"],
    [
      "a simulation without end",
      "jitter --clusters 700 --secrets 30 --verify --samples 1000000000",
      "--samples",
    ],
    ["a negative jitter", "risk --clusters 7 --secrets 3 --jitter -1", "--jitter"],
  ])("%s", async (_title, commandLine, message) => {
    const result = await runPlan(commandLine);
    expect(result).toMatchObject({ exitCode: 2, stdout: "" });
    expect(result.stderr).toContain(message);
    expect(result.stderr).toMatch(/\nTry: keyweir plan [^\n]+\n$/);
  });

  test("several mistakes are named at once", async () => {
    const { stderr } = await runPlan("jitter --clusters 0 --secrets 0 --risk 2");
    await expect(stderr).toMatchFileSnapshot(golden("wrong-usage"));
  });

  test("jitter 0 is fine and means all at once", async () => {
    const { stdout } = await runPlan("risk --clusters 700 --secrets 30 --jitter 0 --json");
    expect(JSON.parse(stdout).exact.riskPerRefresh.upper).toBe(1);
  });

  test("a layout that is broken or not there is an error with its line or path", async () => {
    const broken = {
      "a.yaml": "applications:\n  - name: app1\n    regions: [westeruope]\n",
      "empty.yaml": "",
    };
    expect(await runPlan("vaults a.yaml", {}, broken)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/line 3: "westeruope" is no Azure region; did you mean westeurope\?/),
    });
    expect((await runPlan("vaults empty.yaml", {}, broken)).exitCode).toBe(1);
    expect((await runPlan("vaults none.yaml", {}, broken)).stderr).toContain("none.yaml");
  });

  test("a layout error echoes no values of other fields", async () => {
    const text = `applications:\n  - name: app1\n    regions: [uksouth]\n    clusters: ${canaryValue}\n    password: ${canaryToken}\n`;
    const { stderr, stdout } = await runPlan("vaults a.yaml", {}, { "a.yaml": text });
    expect(stderr).toContain("line 4");
    expect(stderr + stdout).not.toContain(canaryValue);
    expect(stderr + stdout).not.toContain(canaryToken);
  });

  test("any values give an answer or an error with exit code 1 or 2, never a crash", async () => {
    const value = fc.oneof(
      fc.constantFrom("0", "1", "-1", "1e9", "1e-300", "0.5", "NaN", "Infinity", "4000", "%", "1%"),
      fc.string({ maxLength: 8 }).map((text) => text.replaceAll(/\s/g, "_") || "_"),
    );
    const flags = [
      "--clusters",
      "--secrets",
      "--risk",
      "--burst",
      "--limit",
      "--vaults",
      "--jitter",
      "--other-load",
      "--interval",
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("jitter", "risk", "capacity", "budget", "cost"),
        fc.array(fc.tuple(fc.constantFrom(...flags), value), { maxLength: 6 }),
        async (command, pairs) => {
          const result = await runPlan([command, ...pairs.flat()].join(" "));
          expect([0, 2]).toContain(result.exitCode);
          expect(result.stdout + result.stderr).not.toMatch(/NaN %|undefined|Unexpected error|\bat file:/);
        },
      ),
      { numRuns: 200 },
    );
  });
});

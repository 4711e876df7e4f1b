import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { seededRandom } from "../src/core/random.ts";
import {
  completeInputs,
  MonteCarlo,
  parseLayout,
  planBudget,
  planCapacity,
  planCost,
  planJitter,
  planRisk,
  planTable,
  planVaults,
} from "../src/planner/index.ts";
import type { Benchmark, Figure } from "./benchmark.ts";

const hard = { clusters: 10_000_000, secretsPerCluster: 10_000, burst: 1, risk: 1e-300 };
const answers: readonly (readonly [name: string, answer: () => unknown])[] = [
  ["plan jitter, 700 × 30", () => planJitter({ clusters: 700, secretsPerCluster: 30 })],
  ["plan jitter, 10⁷ × 10⁴ at 1e-300", () => planJitter(hard)],
  [
    "plan jitter, 10⁷ × 30 at 1e-300, 50 vaults",
    () => planJitter({ ...hard, secretsPerCluster: 30, vaults: 50 }),
  ],
  ["plan risk, 10⁷ × 10⁴", () => planRisk({ ...hard, jitterSeconds: 3e8 })],
  [
    "plan capacity, 10⁴ secrets at 1e-300",
    () => planCapacity({ ...hard, goal: "clusters", jitterSeconds: 1e6 }),
  ],
  ["plan budget, 10⁷ × 10⁴ at 1e-300", () => planBudget(hard)],
  ["plan cost, 10⁷ × 10⁴ at 1e-300", () => planCost(hard)],
  ["plan vaults, 5 applications in 2 regions", () => planVaults(parseLayout(layoutOf(5)))],
];

/** The planner's answers from cold, its table, its simulation, and the start of the command line. */
export const benchmarks: readonly Benchmark[] = [
  {
    name: "planner: one answer, first and hundredth time",
    async run() {
      return answers.flatMap(([name, answer]): Figure[] => {
        const firstMs = elapsedMs(answer);
        for (let turn = 0; turn < 98; turn++) answer();
        return [
          { name, value: firstMs, unit: "ms", target: { atMost: 50 } },
          { name: `${name}, warm`, value: elapsedMs(answer), unit: "ms" },
        ];
      });
    },
  },
  {
    name: "planner: the 4 × 10 table with all countings",
    async run() {
      return [
        { name: "plan table", value: elapsedMs(() => planTable({})), unit: "ms", target: { atMost: 200 } },
      ];
    },
  },
  {
    name: "planner: 1,000,000 simulated refreshes of 700 clusters",
    async run() {
      const inputs = completeInputs({ clusters: 700, secretsPerCluster: 30 });
      const simulation = new MonteCarlo(inputs, "fixed", 75, seededRandom(1));
      const seconds = elapsedMs(() => simulation.run(1_000_000)) / 1000;
      return [{ name: "Monte Carlo, fixed windows", value: seconds, unit: "s", target: { atMost: 20 } }];
    },
  },
  {
    name: "command line: start of keyweir plan",
    async run() {
      const lines = [
        ["plan", "--help"],
        ["plan", "jitter", "--clusters", "700", "--secrets", "30"],
      ];
      return lines.map((line): Figure => {
        const startMs = Math.min(...[1, 2, 3, 4, 5].map(() => elapsedMs(() => runKeyweir(line))));
        return {
          name: `keyweir ${line.slice(0, 2).join(" ")}`,
          value: startMs,
          unit: "ms",
          target: { atMost: 150 },
        };
      });
    },
  },
];

function elapsedMs(work: () => unknown): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}

function runKeyweir(line: readonly string[]): void {
  const binPath = fileURLToPath(new URL("../bin/keyweir", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [binPath, ...line], { encoding: "utf8" });
  if (status !== 0) throw new Error(`keyweir ${line.join(" ")} failed: ${stderr}`);
}

function layoutOf(applications: number): string {
  const rows = Array.from({ length: applications }, (_, index) => `  - { name: app${index} }`);
  const defaults = "{ clusters: 300, secrets: 20, jitterSeconds: 60, regions: [westeurope, northeurope] }";
  return `defaults: ${defaults}\napplications:\n${rows.join("\n")}\n`;
}

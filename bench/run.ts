/**
 * The runner behind `npm run bench [-- NAME ...]`: measures what the modules of bench/ export as `benchmarks`, each
 * module in a process of its own, and prints the figures as ratios within one run. Figures and machine go to
 * bench/results/NAME.json. Exits 1 when a benchmark fails; a missed target is marked, and is no failure.
 */
import { fork } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { Benchmark, Figure } from "./benchmark.ts";

type Outcome =
  | { readonly kind: "measured"; readonly name: string; readonly figures: readonly Figure[] }
  | { readonly kind: "failed"; readonly name: string; readonly reason: string };

type Message =
  | { readonly kind: "started"; readonly name: string; readonly timeLimitMs: number }
  | Outcome
  | { readonly kind: "nothing" };

const folder = fileURLToPath(new URL(".", import.meta.url));
const startLimitMs = 30_000;

async function main(wanted: readonly string[]): Promise<number> {
  const names = readdirSync(folder)
    .filter(
      (name) =>
        name.endsWith(".ts") &&
        name !== "run.ts" &&
        readFileSync(`${folder}${name}`, "utf8").includes("export const benchmarks"),
    )
    .map((name) => name.slice(0, -".ts".length));
  const unknown = wanted.find((name) => !names.some((known) => known.startsWith(name)));
  if (unknown !== undefined) {
    console.error(`There is no benchmark "${unknown}".\nTry: npm run bench -- ${names.join(" | ")}`);
    return 2;
  }
  let hasFailed = false;
  mkdirSync(`${folder}results`, { recursive: true });
  for (const name of names) {
    if (wanted.length > 0 && !wanted.some((prefix) => name.startsWith(prefix))) continue;
    const outcomes = await measureModule(name);
    hasFailed ||= outcomes.some(({ kind }) => kind === "failed");
    writeFileSync(
      `${folder}results/${name}.json`,
      `${JSON.stringify({ machine: describeMachine(), outcomes }, null, 2)}\n`,
    );
  }
  return hasFailed ? 1 : 0;
}

/** Runs one module in a child process, prints each outcome as it comes, and ends the child when its time is up. */
function measureModule(name: string): Promise<readonly Outcome[]> {
  return new Promise((resolve) => {
    const outcomes: Outcome[] = [];
    let current = name;
    const child = fork(fileURLToPath(import.meta.url), ["--module", name], {
      stdio: ["ignore", 2, 2, "ipc"],
    });
    const record = (outcome: Outcome) => {
      outcomes.push(outcome);
      console.log(formatOutcome(outcome));
    };
    const stop = (limitMs: number) => {
      record({ kind: "failed", name: current, reason: `not done after ${limitMs / 1000} s` });
      child.kill("SIGKILL");
    };
    let timer = setTimeout(stop, startLimitMs, startLimitMs);
    child.on("message", (message: Message) => {
      clearTimeout(timer);
      const limitMs = message.kind === "started" ? message.timeLimitMs : startLimitMs;
      timer = setTimeout(stop, limitMs, limitMs);
      if (message.kind === "started") current = message.name;
      else if (message.kind !== "nothing") record(message);
    });
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      if (code !== 0 && signal !== "SIGKILL")
        record({ kind: "failed", name: current, reason: `exit code ${code}` });
      resolve(outcomes);
    });
  });
}

async function runModule(name: string): Promise<void> {
  const send = (message: Message) => void process.send?.(message);
  const { benchmarks } = (await import(`./${name}.ts`)) as { benchmarks: readonly Benchmark[] };
  for (const benchmark of benchmarks) {
    send({ kind: "started", name: benchmark.name, timeLimitMs: benchmark.timeLimitMs ?? 60_000 });
    try {
      send({ kind: "measured", name: benchmark.name, figures: await benchmark.run() });
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      send({ kind: "failed", name: benchmark.name, reason });
    }
  }
  process.disconnect();
}

function formatOutcome(outcome: Outcome): string {
  if (outcome.kind === "failed") return `${outcome.name}\n  failed: ${outcome.reason}\n`;
  const rows = outcome.figures.map((figure) => {
    const ratio = ratioOf(figure, outcome.figures);
    return [
      `  ${figure.name}`,
      formatNumber(figure.value),
      figure.unit,
      ratio === undefined ? "" : `${ratio.toFixed(2)} × ${figure.baseline}`,
      describeTarget(figure, ratio ?? figure.value),
    ];
  });
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 1 ? cell.padStart(widths[1]!) : cell.padEnd(widths[column] ?? 0)))
      .join("  "),
  );
  return [outcome.name, ...lines.map((line) => line.trimEnd()), ""].join("\n");
}

function ratioOf(figure: Figure, figures: readonly Figure[]): number | undefined {
  const baseline = figures.find(({ name }) => name === figure.baseline);
  return baseline === undefined ? undefined : figure.value / baseline.value;
}

function describeTarget({ target }: Figure, measured: number): string {
  if (target === undefined) return "";
  const isMet = "atLeast" in target ? measured >= target.atLeast : measured <= target.atMost;
  const bound = "atLeast" in target ? `at least ${target.atLeast}` : `at most ${target.atMost}`;
  return `${isMet ? "ok" : "MISSED"}: ${bound}`;
}

function formatNumber(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: value >= 100 ? 0 : 2 });
}

function describeMachine() {
  const model = cpus()[0]?.model ?? "unknown";
  return { node: process.version, cores: availableParallelism(), model, memoryBytes: totalmem() };
}

const [flag, moduleName = ""] = process.argv.slice(2);
if (flag === "--module") await runModule(moduleName);
else process.exitCode = await main(process.argv.slice(2));

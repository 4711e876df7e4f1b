import { seededRandom } from "../../../core/random.ts";
import type { CompleteInputs } from "../../../planner/inputs.ts";
import { MonteCarlo, stepsPerRefresh, type MonteCarloResult } from "../../../planner/monte-carlo.ts";
import type { RiskBounds } from "../../../planner/refresh-risk.ts";
import type { CliContext } from "../../context.ts";
import { UsageError } from "../../exit-code.ts";
import type { VerifyFlags } from "./fleet-flags.ts";
import { formatDuration, formatNumber } from "./number-format.ts";
import { wrapSentences } from "./screen.ts";

/** What a Monte Carlo check says. */
export interface Verification {
  readonly result: MonteCarloResult & { readonly seed: number; readonly agrees: boolean };
  readonly lines: readonly string[];
}

/** About 3 s on a slow core. */
const defaultSteps = 2e8;
/** About 10 minutes; beyond that a person has mistyped. */
const stepsLimit = 5e10;
/** Its counters take about 2 GB. */
const largestRefresh = 2e8;
const chunkSteps = 2e6;

/**
 * Plays refreshes at this jitter and compares what was seen with the computed bounds. Progress goes to stderr on a
 * terminal. Ends early, with what it has, when the signal aborts.
 */
export async function verifyRisk(
  context: CliContext,
  flags: VerifyFlags,
  inputs: CompleteInputs,
  jitterSeconds: number,
  bounds: RiskBounds,
): Promise<Verification> {
  const steps = stepsPerRefresh(inputs, inputs.counting, jitterSeconds);
  const samples = flags.samples ?? Math.max(1, Math.min(1_000_000, Math.floor(defaultSteps / steps)));
  if (steps > largestRefresh || steps * samples > stepsLimit) {
    const advice =
      steps > largestRefresh
        ? "verify a smaller fleet of the same load"
        : `give at most --samples ${Math.floor(stepsLimit / steps)}`;
    throw new UsageError(
      `--verify would take ${formatNumber(steps * samples, 0)} steps for ${formatNumber(samples)} refreshes: ${advice}.`,
    );
  }
  const simulation = new MonteCarlo(inputs, inputs.counting, jitterSeconds, seededRandom(flags.seed));
  await play(context, simulation, samples, Math.max(1, Math.floor(chunkSteps / steps)));
  const seen = simulation.result();
  const agrees = seen.lower <= bounds.upper && seen.upper >= bounds.lower;
  return { result: { ...seen, seed: flags.seed, agrees }, lines: describe(seen, bounds, agrees, flags.seed) };
}

async function play(
  context: CliContext,
  simulation: MonteCarlo,
  samples: number,
  chunk: number,
): Promise<void> {
  const { clock, signal } = context;
  const { stderr } = context.process;
  const startMs = clock.monotonicMs();
  let shownMs = startMs;
  for (let done = 0; done < samples && !signal.aborted;) {
    const next = Math.min(chunk, samples - done);
    simulation.run(next);
    done += next;
    const nowMs = clock.monotonicMs();
    if (stderr.isTTY !== true || nowMs - shownMs < 100) continue;
    shownMs = nowMs;
    const leftSeconds = (((nowMs - startMs) / done) * (samples - done)) / 1000;
    const filled = Math.floor((done / samples) * 30);
    stderr.write(
      `\r${"█".repeat(filled)}${"░".repeat(30 - filled)} ${formatNumber(done)} of ${formatNumber(samples)} refreshes, ` +
        `${formatDuration(leftSeconds)} left \u001b[K`,
    );
    // Lets Ctrl-C arrive between two chunks.
    await new Promise<void>((resolve) => void clock.setTimer(0, resolve));
  }
  if (stderr.isTTY === true) stderr.write("\r\u001b[K");
}

function describe(seen: MonteCarloResult, bounds: RiskBounds, agrees: boolean, seed: number): string[] {
  const verdict = agrees
    ? "The two agree."
    : "The two do not agree: please report this with the whole command line.";
  const isBlind = seen.throttled === 0 && bounds.upper < seen.upper / 10;
  return [
    "",
    ...wrapSentences([
      `Played ${formatNumber(seen.samples)} refreshes (seed ${seed}): ${formatNumber(seen.throttled)} were throttled, ` +
        `so the risk is ${asProbability(seen.lower)} to ${asProbability(seen.upper)} (99 % interval); computed: ` +
        `${asProbability(bounds.lower)} to ${asProbability(bounds.upper)}. ${verdict}` +
        (isBlind ? " A risk this small shows up in no affordable number of refreshes." : ""),
    ]),
  ];
}

function asProbability(value: number): string {
  return value === 0 ? "0" : value >= 0.001 ? value.toPrecision(3) : value.toExponential(2);
}

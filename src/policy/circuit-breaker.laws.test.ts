import * as fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../core/random.ts";
import { exponentialBackoff, vaultBackoff } from "./backoff.ts";
import {
  circuitWaitMs,
  closedCircuit,
  enterCircuit,
  reportToCircuit,
  type CircuitBreaker,
  type CircuitReport,
  type CircuitState,
} from "./circuit-breaker.ts";

const breaker: CircuitBreaker = { failureThreshold: 3, backoff: exponentialBackoff(vaultBackoff) };

const anyReport: fc.Arbitrary<CircuitReport> = fc.oneof(
  fc.constant<CircuitReport>({ kind: "answered" }),
  fc.constant<CircuitReport>({ kind: "failed" }),
  fc.constant<CircuitReport>({ kind: "abandoned" }),
  fc.constant<CircuitReport>({ kind: "throttled" }),
  fc.nat(60_000).map((retryAfterMs): CircuitReport => ({ kind: "throttled", retryAfterMs })),
);

/** What may happen next: time passes, somebody wants to enter, or the n-th oldest request in flight ends. */
type Step =
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "enter" }
  | { readonly kind: "end"; readonly index: number; readonly report: CircuitReport };

const anySteps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.nat(5_000).map((ms): Step => ({ kind: "pass", ms })),
    fc.constant<Step>({ kind: "enter" }),
    fc.tuple(fc.nat(20), anyReport).map(([index, report]): Step => ({ kind: "end", index, report })),
  ),
  { maxLength: 200 },
);

interface Flight {
  readonly epoch: number;
  readonly isProbe: boolean;
}

/** Plays steps and checks after each one; `onEnter` sees every request that gets through. */
function play(
  steps: readonly Step[],
  seed: number,
  onEnter: (before: CircuitState, flying: readonly Flight[], nowMs: number) => void,
): CircuitState {
  const random = seededRandom(seed);
  const flying: Flight[] = [];
  let state = closedCircuit;
  let nowMs = 0;
  for (const step of steps) {
    if (step.kind === "pass") nowMs += step.ms;
    else if (step.kind === "enter" && circuitWaitMs(state, nowMs) === 0) {
      onEnter(state, flying, nowMs);
      state = enterCircuit(state);
      flying.push({ epoch: state.epoch, isProbe: state.kind === "half-open" });
    } else if (step.kind === "end" && flying.length > 0) {
      const [flight] = flying.splice(step.index % flying.length, 1);
      state = reportToCircuit(breaker, state, flight!.epoch, step.report, nowMs, random);
    }
  }
  return state;
}

test("no request enters before the back-off has passed, and one probe at a time after it", () => {
  fc.assert(
    fc.property(anySteps, fc.integer(), (steps, seed) => {
      play(steps, seed, (before, flying, nowMs) => {
        expect(before.kind).not.toBe("half-open");
        if (before.kind !== "open") return;
        expect(nowMs).toBeGreaterThanOrEqual(before.untilMs);
        expect(flying.filter(({ isProbe, epoch }) => isProbe && epoch === before.epoch)).toEqual([]);
      });
    }),
  );
});

test("whatever has happened, one answer after the back-off closes the circuit", () => {
  fc.assert(
    fc.property(anySteps, fc.integer(), (steps, seed) => {
      let state = play(steps, seed, () => undefined);
      const random = seededRandom(seed);
      if (state.kind === "half-open") {
        state = reportToCircuit(breaker, state, state.epoch, { kind: "abandoned" }, 1e9, random);
      }
      const laterMs = 2e9;
      expect(circuitWaitMs(state, laterMs)).toBe(0);
      state = enterCircuit(state);
      state = reportToCircuit(breaker, state, state.epoch, { kind: "answered" }, laterMs, random);
      expect(state).toMatchObject({ kind: "closed", failures: 0 });
    }),
  );
});

test("one 429 closes the gate at once, and the other answers of the same storm change nothing", () => {
  const random = seededRandom(1);
  const open = reportToCircuit(breaker, closedCircuit, 0, { kind: "throttled" }, 1_000, random);
  expect(open).toMatchObject({ kind: "open", cause: "throttled", waits: 1 });
  expect(reportToCircuit(breaker, open, 0, { kind: "throttled" }, 1_001, random)).toBe(open);
  expect(reportToCircuit(breaker, open, 0, { kind: "answered" }, 1_002, random)).toBe(open);
});

test("while a probe is out, answers to requests from before it say nothing", () => {
  fc.assert(
    fc.property(anyReport, fc.integer(), (report, seed) => {
      const random = seededRandom(seed);
      const open = reportToCircuit(breaker, closedCircuit, 0, { kind: "throttled" }, 0, random);
      const probing = enterCircuit(open);
      expect(reportToCircuit(breaker, probing, 0, report, 9_999, random)).toBe(probing);
      const closed = reportToCircuit(breaker, probing, probing.epoch, { kind: "answered" }, 9_999, random);
      expect(reportToCircuit(breaker, closed, 0, report, 9_999, random)).toBe(closed);
    }),
  );
});

test("failures open the circuit only when they come in a row", () => {
  const random = seededRandom(1);
  const report = (state: CircuitState, kind: "failed" | "answered") =>
    reportToCircuit(breaker, state, state.epoch, { kind }, 0, random);
  let state = closedCircuit;
  for (const kind of ["failed", "failed", "answered", "failed", "failed"] as const)
    state = report(state, kind);
  expect(state.kind).toBe("closed");
  expect(report(state, "failed")).toMatchObject({ kind: "open", cause: "failures" });
});

test("a probe that fails waits longer than before, a probe that its caller gave up lets the next one go", () => {
  const widest = { next: () => 1, fork: () => widest };
  let state = reportToCircuit(breaker, closedCircuit, 0, { kind: "throttled" }, 0, widest);
  const untilMs: number[] = [];
  for (let probe = 0; probe < 6; probe++) {
    untilMs.push(circuitWaitMs(state, 0));
    state = enterCircuit(state);
    state = reportToCircuit(breaker, state, state.epoch, { kind: "throttled" }, 0, widest);
  }
  expect(untilMs).toEqual([1_500, 2_500, 4_500, 8_500, 16_500, 16_500]);
  const probing = enterCircuit(state);
  const givenUp = reportToCircuit(breaker, probing, probing.epoch, { kind: "abandoned" }, 777, widest);
  expect(circuitWaitMs(givenUp, 777)).toBe(0);
  expect(circuitWaitMs(probing, 777)).toBe(Infinity);
});

test("what the server asks for moves the next probe back", () => {
  const open = reportToCircuit(
    breaker,
    closedCircuit,
    0,
    { kind: "throttled", retryAfterMs: 30_000 },
    0,
    seededRandom(1),
  );
  expect(circuitWaitMs(open, 0)).toBeGreaterThanOrEqual(30_000);
});

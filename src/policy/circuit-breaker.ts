import type { Random } from "../core/random.ts";
import { assertNever } from "../core/assert.ts";
import { honourRetryAfter, type BackoffStep } from "./backoff.ts";

/** Why a circuit is open: the server failed too often in a row, or it said that it gets too many requests. */
export type CircuitCause = "failures" | "throttled";

/**
 * One circuit in front of one server. `epoch` grows with every change of kind; a request remembers the epoch it was
 * sent in, so that an answer from before a change says nothing about the state after it. `waits` counts the openings
 * since the circuit was last closed.
 */
export type CircuitState =
  | { readonly kind: "closed"; readonly epoch: number; readonly failures: number }
  | {
      readonly kind: "open";
      readonly epoch: number;
      readonly cause: CircuitCause;
      readonly waits: number;
      /** Monotonic. */
      readonly untilMs: number;
    }
  /** Exactly one request, the probe, is on its way. */
  | {
      readonly kind: "half-open";
      readonly epoch: number;
      readonly cause: CircuitCause;
      readonly waits: number;
    };

export interface CircuitBreaker {
  /** So many failures in a row open the circuit. */
  readonly failureThreshold: number;
  /** How long it stays open; its state is the number of openings so far. */
  readonly backoff: BackoffStep<number>;
}

/** What became of a request. An `abandoned` one was given up by its caller and says nothing about the server. */
export type CircuitReport =
  | { readonly kind: "answered" }
  | { readonly kind: "failed" }
  | { readonly kind: "throttled"; readonly retryAfterMs?: number }
  | { readonly kind: "abandoned" };

/** A circuit at which nothing has happened yet. */
export const closedCircuit: CircuitState = { kind: "closed", epoch: 0, failures: 0 };

/** How long until a request may enter: 0 for now, Infinity while the probe's answer decides. */
export function circuitWaitMs(state: CircuitState, nowMs: number): number {
  switch (state.kind) {
    case "closed":
      return 0;
    case "open":
      return Math.max(0, state.untilMs - nowMs);
    case "half-open":
      return Infinity;
    default:
      return assertNever(state);
  }
}

/** The state once a request has entered; only when {@link circuitWaitMs} is 0. Its epoch goes with the request. */
export function enterCircuit(state: CircuitState): CircuitState {
  if (state.kind !== "open") return state;
  return { kind: "half-open", epoch: state.epoch + 1, cause: state.cause, waits: state.waits };
}

/** The state after the request that entered in `epoch` ended. */
export function reportToCircuit(
  breaker: CircuitBreaker,
  state: CircuitState,
  epoch: number,
  report: CircuitReport,
  nowMs: number,
  random: Random,
): CircuitState {
  if (epoch !== state.epoch || state.kind === "open") return state;
  switch (report.kind) {
    case "answered":
      if (state.kind === "closed") return state.failures === 0 ? state : { ...state, failures: 0 };
      return { kind: "closed", epoch: state.epoch + 1, failures: 0 };
    case "throttled":
      return openCircuit(breaker, state, "throttled", report.retryAfterMs, nowMs, random);
    case "failed":
      if (state.kind === "closed" && state.failures + 1 < breaker.failureThreshold) {
        return { ...state, failures: state.failures + 1 };
      }
      return openCircuit(breaker, state, "failures", undefined, nowMs, random);
    case "abandoned":
      if (state.kind === "closed") return state;
      return { ...state, kind: "open", epoch: state.epoch + 1, untilMs: nowMs };
    default:
      return assertNever(report);
  }
}

function openCircuit(
  breaker: CircuitBreaker,
  state: Exclude<CircuitState, { readonly kind: "open" }>,
  cause: CircuitCause,
  retryAfterMs: number | undefined,
  nowMs: number,
  random: Random,
): CircuitState {
  const waitsBefore = state.kind === "half-open" ? state.waits : 0;
  const [delayMs, waits] = honourRetryAfter(breaker.backoff, retryAfterMs)(waitsBefore, random);
  return { kind: "open", epoch: state.epoch + 1, cause, waits, untilMs: nowMs + delayMs };
}

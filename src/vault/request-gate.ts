import { assert } from "../core/assert.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import {
  decreaseRate,
  fullRate,
  shareAt,
  vaultAdaptiveRate,
  type AdaptiveRateState,
} from "../policy/adaptive-rate.ts";
import { exponentialBackoff, vaultBackoff } from "../policy/backoff.ts";
import { Bulkhead, type BulkheadLimits } from "../policy/bulkhead.ts";
import {
  circuitWaitMs,
  closedCircuit,
  enterCircuit,
  reportToCircuit,
  type CircuitBreaker,
  type CircuitReport,
  type CircuitState,
} from "../policy/circuit-breaker.ts";
import {
  lanes,
  noLaneCredits,
  pickLane,
  turnsUntilServed,
  vaultLaneShares,
  type Lane,
  type PerLane,
} from "../policy/priority-lane.ts";
import {
  fullTokenBucket,
  reserveUnits,
  unitsAt,
  waitForUnitsMs,
  type TokenBucket,
  type TokenBucketState,
} from "../policy/token-bucket.ts";
import { VaultError } from "./errors.ts";
import { FairQueue } from "./fair-queue.ts";
import { reasonOf } from "../policy/single-flight.ts";

export interface RequestGateOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** For messages: `vault "demo"`. */
  readonly server: string;
  /** What this process may send to the server; undefined is no limit of ours. */
  readonly budget: TokenBucket | undefined;
  readonly bulkhead: BulkheadLimits;
  /** Requests that wait; one more is refused. */
  readonly maxQueued: number;
}

export interface GateRequest {
  readonly lane: Lane;
  /** The identity: none takes more than its part of what is in flight. */
  readonly owner: string;
  /** Monotonic; a request that would have to wait longer is refused at once. */
  readonly deadlineAtMs: number;
  readonly signal?: AbortSignal;
}

/** A request on its way; pairs with one {@link RequestGate.leave}. */
export interface GateTicket {
  readonly owner: string;
  readonly epoch: number;
}

const breaker: CircuitBreaker = { failureThreshold: 5, backoff: exponentialBackoff(vaultBackoff) };

/**
 * Decides when a request may go to one server, a vault or a token endpoint: circuit (a 429 closes the gate for all,
 * one probe opens it again), bulkhead, budget, priority lanes. Each decision is a function of src/policy; this class
 * holds their state and the queue.
 */
export class RequestGate {
  readonly #options: RequestGateOptions;
  readonly #clock: Clock;
  readonly #bulkhead: Bulkhead;
  readonly #queues = lanes.map(() => new FairQueue<Waiter>());
  #waiting = 0;
  #credits = noLaneCredits;
  #circuit: CircuitState = closedCircuit;
  #rate: AdaptiveRateState;
  #bucket: TokenBucketState;
  #timer: Timer | undefined;

  constructor(options: RequestGateOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#bulkhead = new Bulkhead(options.bulkhead);
    const nowMs = this.#clock.monotonicMs();
    this.#rate = fullRate(nowMs);
    this.#bucket = fullTokenBucket(options.budget ?? { capacityUnits: 0, refillPerSecond: 0 }, nowMs);
  }

  /** For metrics. */
  get state(): GateState {
    return {
      circuit: this.#circuit.kind,
      inFlight: this.#bulkhead.inFlight,
      queued: this.#waiting,
      rateShare: shareAt(vaultAdaptiveRate, this.#rate, this.#clock.monotonicMs()),
    };
  }

  /** How long nobody enters for sure; 0 while a probe decides. */
  get closedForMs(): number {
    const waitMs = circuitWaitMs(this.#circuit, this.#clock.monotonicMs());
    return waitMs === Infinity ? 0 : waitMs;
  }

  /** Whether a new gate would be just the same. */
  get isAtRest(): boolean {
    const { circuit, inFlight, queued, rateShare } = this.state;
    const { budget } = this.#options;
    const isFull =
      budget === undefined ||
      unitsAt(budget, this.#bucket, this.#clock.monotonicMs()) === budget.capacityUnits;
    return circuit === "closed" && inFlight === 0 && queued === 0 && rateShare === 1 && isFull;
  }

  /** Enters if nothing stands in the way now. */
  tryEnter(owner: string): GateTicket | undefined {
    const nowMs = this.#clock.monotonicMs();
    if (this.#waiting > 0 || !this.#bulkhead.hasRoomFor(owner)) return undefined;
    if (circuitWaitMs(this.#circuit, nowMs) > 0 || this.#budgetWaitMs(1, nowMs) > 0) return undefined;
    return this.#enter(owner, nowMs);
  }

  /** Enters when it is this request's turn. Rejects with Throttled, BreakerOpen or BudgetWait, or the signal's reason. */
  enter(request: GateRequest): Promise<GateTicket> {
    const ticket = this.tryEnter(request.owner);
    if (ticket !== undefined) return Promise.resolve(ticket);
    const nowMs = this.#clock.monotonicMs();
    const index = lanes.indexOf(request.lane);
    const waitMs = this.#expectedWaitMs(index, nowMs);
    if (nowMs + waitMs > request.deadlineAtMs) return Promise.reject(this.#refusal(waitMs, nowMs));
    if (this.#waiting >= this.#options.maxQueued) return Promise.reject(this.#refusal(waitMs, nowMs));
    return new Promise((resolve, reject) => {
      const { signal, owner, deadlineAtMs } = request;
      if (signal?.aborted === true) return reject(reasonOf(signal));
      const end = () => {
        waiter.deadline[Symbol.dispose]();
        signal?.removeEventListener("abort", onAbort);
        this.#queues[index]!.delete(waiter);
        this.#waiting--;
      };
      const onAbort = () => {
        end();
        reject(reasonOf(signal!));
      };
      const onDeadline = () => {
        end();
        const laterMs = this.#clock.monotonicMs();
        reject(this.#refusal(this.#expectedWaitMs(index, laterMs), laterMs));
      };
      const waiter: Waiter = {
        owner,
        deadlineAtMs,
        deadline: this.#clock.setTimer(deadlineAtMs - nowMs, onDeadline),
        admit: (ticket) => {
          end();
          resolve(ticket);
        },
        refuse: (error) => {
          end();
          reject(error);
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#queues[index]!.add(waiter);
      this.#waiting++;
      this.#pump();
    });
  }

  /** Ends a request that entered. */
  leave(ticket: GateTicket, report: CircuitReport): void {
    const nowMs = this.#clock.monotonicMs();
    this.#bulkhead.leave(ticket.owner);
    const before = this.#circuit;
    this.#circuit = reportToCircuit(breaker, before, ticket.epoch, report, nowMs, this.#options.random);
    if (this.closedForMs > 0 && before.kind !== "open") {
      if (report.kind === "throttled") this.#rate = decreaseRate(vaultAdaptiveRate, this.#rate, nowMs);
      this.#refuseHopeless(nowMs);
    }
    this.#pump();
  }

  #enter(owner: string, nowMs: number): GateTicket {
    this.#circuit = enterCircuit(this.#circuit);
    this.#bulkhead.enter(owner);
    const bucket = this.#bucketNow(nowMs);
    if (bucket !== undefined) this.#bucket = reserveUnits(bucket, this.#bucket, 1, nowMs).next;
    return { owner, epoch: this.#circuit.epoch };
  }

  /** Lets in whoever may enter now, and sets the timer for the next one. */
  #pump(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    while (this.#waiting > 0 && !this.#bulkhead.isFull) {
      const nowMs = this.#clock.monotonicMs();
      const waitMs = Math.max(circuitWaitMs(this.#circuit, nowMs), this.#budgetWaitMs(1, nowMs));
      if (waitMs > 0) {
        // While a probe decides, its answer pumps again. Whole milliseconds, so that the timer is never too early.
        if (waitMs < Infinity) this.#timer = this.#clock.setTimer(Math.ceil(waitMs), () => this.#pump());
        return;
      }
      const hasRoom = (owner: string) => this.#bulkhead.hasRoomFor(owner);
      const next = this.#queues.map((queue) => queue.first(hasRoom));
      const waiting = next.map((waiter) => (waiter === undefined ? 0 : 1)) as unknown as PerLane;
      if (waiting.every((count) => count === 0)) return;
      const { index, credits } = pickLane(vaultLaneShares, this.#credits, waiting);
      this.#credits = credits;
      const waiter = next[index];
      assert(waiter !== undefined, "the picked lane has somebody waiting");
      waiter.admit(this.#enter(waiter.owner, nowMs));
    }
  }

  /** When the gate closes for longer than somebody can wait, there is no point in letting them wait. */
  #refuseHopeless(nowMs: number): void {
    const waitMs = this.closedForMs;
    for (const queue of this.#queues) {
      for (const waiter of queue.entries()) {
        if (nowMs + waitMs > waiter.deadlineAtMs) waiter.refuse(this.#refusal(waitMs, nowMs));
      }
    }
  }

  /** A lower bound: what circuit and budget demand. How long answers take is not known. */
  #expectedWaitMs(index: number, nowMs: number): number {
    const counts = this.#queues.map((queue) => queue.size) as unknown as PerLane;
    const turns = turnsUntilServed(vaultLaneShares, counts, index);
    return Math.max(this.closedForMs, this.#budgetWaitMs(turns, nowMs));
  }

  #budgetWaitMs(turns: number, nowMs: number): number {
    const bucket = this.#bucketNow(nowMs);
    return bucket === undefined ? 0 : waitForUnitsMs(bucket, this.#bucket, turns, nowMs);
  }

  /** The budget, made smaller while 429s have taught us so. */
  #bucketNow(nowMs: number): TokenBucket | undefined {
    const { budget } = this.#options;
    const share = shareAt(vaultAdaptiveRate, this.#rate, nowMs);
    if (budget === undefined || share === 1) return budget;
    return {
      capacityUnits: Math.max(Math.min(1, budget.capacityUnits), budget.capacityUnits * share),
      refillPerSecond: budget.refillPerSecond * share,
    };
  }

  #refusal(waitMs: number, nowMs: number): VaultError {
    const { server } = this.#options;
    const circuit = this.#circuit;
    const retryAfterMs = waitMs === Infinity ? undefined : Math.ceil(Math.max(1, waitMs));
    if (circuit.kind === "closed") {
      const happened =
        this.#budgetWaitMs(1, nowMs) > 0
          ? `The request budget for ${server} is used up.`
          : `Too many requests to ${server} are under way.`;
      return new VaultError("BudgetWait", happened, { retryAfterMs });
    }
    const probe =
      circuit.kind === "open"
        ? `the next probe is due in ${Math.ceil((circuit.untilMs - nowMs) / 1_000)} s`
        : "a probe is on its way";
    return circuit.cause === "throttled"
      ? new VaultError("Throttled", `${server} answered 429 before; ${probe}.`, { status: 429, retryAfterMs })
      : new VaultError("BreakerOpen", `${server} failed several times in a row; ${probe}.`, { retryAfterMs });
  }
}

export interface GateState {
  readonly circuit: CircuitState["kind"];
  readonly inFlight: number;
  readonly queued: number;
  /** Of the budget, in (0, 1]: smaller after 429s. */
  readonly rateShare: number;
}

interface Waiter {
  readonly owner: string;
  readonly deadlineAtMs: number;
  readonly deadline: Timer;
  admit(ticket: GateTicket): void;
  refuse(error: VaultError): void;
}

/** What a failure says about the server's health. */
export function reportOf(error: VaultError): CircuitReport {
  switch (error.code) {
    case "Throttled":
      return error.retryAfterMs === undefined
        ? { kind: "throttled" }
        : { kind: "throttled", retryAfterMs: error.retryAfterMs };
    case "Dns":
    case "Connect":
    case "Tls":
    case "Timeout":
    case "Unavailable":
      return { kind: "failed" };
    default:
      return { kind: "answered" };
  }
}

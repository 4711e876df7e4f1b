import { BugError } from "../core/assert.ts";
import { DeadlineError, withDeadline, type Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { limitProfiles } from "../limits/profiles.ts";
import type { CircuitReport } from "../policy/circuit-breaker.ts";
import type { Lane } from "../policy/priority-lane.ts";
import { tokenBucketForWindow } from "../policy/token-bucket.ts";
import {
  errorFromFailedRequest,
  errorFromVaultAnswer,
  notKeyVault,
  VaultError,
  type RequestSubject,
} from "./errors.ts";
import { UnreadableBundleError } from "./bundles.ts";
import { TokenCache } from "./token-cache.ts";
import { tokenSubject } from "./token-errors.ts";
import { uuidFrom, type MachineEndpoints, type VaultToken } from "./token-exchange.ts";
import { parseJson } from "./json.ts";
import { retryAfterMsOf } from "./retry-after.ts";
import type { VaultTransport } from "./transport.ts";
import { GateTable } from "./gate-table.ts";
import { reportOf, type GateState } from "./request-gate.ts";
import type { Operation, Target, VaultRequest } from "./vault-request.ts";

export interface RequestRunnerOptions {
  /**
   * What this process may send to one vault: requests in any window of `windowMs`. By default a tenth of today's limit
   * per 10 s; `false` sets no limit of ours.
   */
  readonly budget?: { readonly requests: number; readonly windowMs: number } | false;
  /** One request to the vault ends after this; 10 s. */
  readonly requestTimeoutMs?: number;
  /** Requests to one vault at once; 64. */
  readonly maxInFlight?: number;
  /** Requests to one vault at once as one identity; 32. */
  readonly maxInFlightPerIdentity?: number;
  /** Requests that wait for one vault; 10,000. */
  readonly maxQueued?: number;
  /** So that the vault's audit log can tell clusters apart; `keyweir`. */
  readonly userAgent?: string;
  readonly endpoints?: MachineEndpoints;
  /** Called after each request to a vault, for metrics. */
  readonly onRequest?: (record: RequestRecord) => void;
}

/** One request to a vault, as it ended. */
export interface RequestRecord {
  readonly vaultHost: string;
  readonly operation: Operation;
  readonly lane: Lane;
  /** `ok`, or the error's code. */
  readonly outcome: string;
  readonly durationMs: number;
}

/** Part of a budget that may be sent at once; the rest flows evenly, so that a burst delays an urgent read little. */
const budgetBurst = 0.25;
const defaultBudget = {
  requests: limitProfiles["azure-2026"].vault.other / 10,
  windowMs: limitProfiles["azure-2026"].windowSeconds * 1_000,
};

/** Sends single requests: token, gate, deadline, and what an answer teaches the gate. */
export class RequestRunner {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #transport: VaultTransport;
  readonly #logger: Logger;
  readonly #options: RequestRunnerOptions;
  readonly #tokens: TokenCache;
  readonly #gates: GateTable;

  constructor(
    clock: Clock,
    random: Random,
    transport: VaultTransport,
    logger: Logger,
    options: RequestRunnerOptions,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#transport = transport;
    this.#logger = logger;
    this.#options = options;
    const { budget = defaultBudget, maxInFlight = 64, maxInFlightPerIdentity = 32, endpoints = {} } = options;
    this.#gates = new GateTable({
      clock,
      random,
      budget:
        budget === false ? undefined : tokenBucketForWindow(budget.requests, budget.windowMs, budgetBurst),
      bulkhead: { total: maxInFlight, perOwner: maxInFlightPerIdentity },
      maxQueued: options.maxQueued ?? 10_000,
    });
    this.#tokens = new TokenCache({ clock, random, transport, logger, endpoints });
  }

  /**
   * GETs `path` of the vault: token, then the gate, then the request; once more with a new token if the vault refuses
   * this one. `read` makes something of the JSON, or throws if it is not what Key Vault would answer. A failure that
   * closed the gate says when it opens.
   */
  async run<T>(context: AttemptContext, path: string, read: (body: unknown) => T): Promise<T> {
    try {
      return await this.#attempt(context, path, read, true);
    } catch (thrown) {
      if (!(thrown instanceof VaultError) || !thrown.retryable) throw thrown;
      const waitMs = this.#gates.peek(context.target.vaultUrl)?.closedForMs ?? 0;
      throw waitMs > (thrown.retryAfterMs ?? 0) ? thrown.withRetryAfterMs(Math.ceil(waitMs)) : thrown;
    }
  }

  async #attempt<T>(
    context: AttemptContext,
    path: string,
    read: (body: unknown) => T,
    mayRenew: boolean,
  ): Promise<T> {
    const { target, lane, deadlineAtMs, signal } = context;
    const { identity, cloud } = context.request;
    const token = this.#tokens.peek(identity, cloud) ?? (await this.#fetchToken(context));
    const gate = this.#gates.of(target.vaultUrl, target.subject.server);
    const ticket =
      gate.tryEnter(target.owner) ?? (await gate.enter({ lane, owner: target.owner, deadlineAtMs, signal }));
    const startedAtMs = this.#clock.monotonicMs();
    let report: CircuitReport = { kind: "abandoned" };
    let outcome = "ok";
    try {
      const body = await this.#within(context, (requestSignal) =>
        this.#send(target, path, token, requestSignal),
      );
      const result = read(body);
      report = { kind: "answered" };
      return result;
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const error = toVaultError(thrown, target.subject);
      outcome = error.code;
      // A caller that had little time left proves nothing about the vault.
      const isCallersDeadline = error.code === "Timeout" && this.#clock.monotonicMs() >= deadlineAtMs;
      report = isCallersDeadline ? { kind: "abandoned" } : reportOf(error);
      if (error.status !== 401) throw error;
      this.#tokens.drop(identity, cloud, token);
      if (!mayRenew) throw error;
    } finally {
      gate.leave(ticket, report);
      this.#record(context, outcome, startedAtMs, report);
    }
    return this.#attempt(context, path, read, false);
  }

  /** The token goes to the vault's own origin and nowhere else, from the first request on: it never has to challenge. */
  async #send(target: Target, path: string, token: VaultToken, signal: AbortSignal): Promise<unknown> {
    const answer = await this.#transport.send(
      {
        method: "GET",
        url: `${target.vaultUrl}${path}`,
        headers: {
          accept: "application/json",
          authorization: `Bearer ${token.token}`,
          "user-agent": this.#options.userAgent ?? "keyweir",
          "x-ms-client-request-id": uuidFrom(this.#random),
        },
      },
      signal,
    );
    const { status, headers, body } = answer;
    if (status >= 200 && status <= 299) return parseJson(body);
    const retryAfterMs = retryAfterMsOf(headers, this.#clock.wallMs());
    throw errorFromVaultAnswer({ status, bodyText: body, retryAfterMs }, target.subject);
  }

  async #fetchToken(context: AttemptContext): Promise<VaultToken> {
    const { identity, cloud } = context.request;
    try {
      return await this.#within(context, () => this.#tokens.fetch(identity, cloud));
    } catch (thrown) {
      if (!(thrown instanceof DeadlineError)) throw thrown;
      throw errorFromFailedRequest(thrown, tokenSubject(identity, cloud.authorityUrl));
    }
  }

  /** Runs `work` within what is left of the deadline and one request's own limit. */
  #within<T>(context: AttemptContext, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const leftMs = Math.max(0, context.deadlineAtMs - this.#clock.monotonicMs());
    const timeoutMs = Math.min(leftMs, this.#options.requestTimeoutMs ?? 10_000);
    return withDeadline(this.#clock, timeoutMs, context.signal, work);
  }

  #record(context: AttemptContext, outcome: string, startedAtMs: number, report: CircuitReport): void {
    const { target, lane } = context;
    const durationMs = this.#clock.monotonicMs() - startedAtMs;
    const { vaultHost, operation } = target;
    this.#options.onRequest?.({ vaultHost, operation, lane, outcome, durationMs });
    if (report.kind !== "throttled" && report.kind !== "failed") return;
    this.#logger.warn("a vault did not serve a request", {
      vaultHost,
      operation,
      lane,
      code: outcome,
      circuit: this.gateState(target.vaultUrl)?.circuit,
    });
  }

  /** Undefined before the vault's first request. */
  gateState(vaultUrl: string): GateState | undefined {
    return this.#gates.peek(vaultUrl)?.state;
  }
}

export interface AttemptContext {
  readonly target: Target;
  readonly request: VaultRequest;
  readonly lane: Lane;
  /** Monotonic. */
  readonly deadlineAtMs: number;
  /** Aborts when nobody waits any more. */
  readonly signal: AbortSignal;
}

function toVaultError(thrown: unknown, subject: RequestSubject): VaultError {
  if (thrown instanceof VaultError) return thrown;
  if (thrown instanceof UnreadableBundleError) return notKeyVault(subject);
  if (thrown instanceof BugError) throw thrown;
  return errorFromFailedRequest(thrown, subject);
}

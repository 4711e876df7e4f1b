import { withDeadline, type Clock } from "../core/clock.ts";
import { silentLogger, type Logger } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import type { CircuitReport } from "../policy/circuit-breaker.ts";
import { retryDelayMs } from "../policy/schedule.ts";
import type { Cloud } from "./clouds.ts";
import { errorFromFailedRequest, VaultError, type RequestSubject } from "./errors.ts";
import { GateTable } from "./gate-table.ts";
import { identityKey, type Identity } from "./identity.ts";
import { reportOf } from "./request-gate.ts";
import { retryAfterMsOf } from "./retry-after.ts";
import {
  parseTokenAnswer,
  tokenRequest,
  type ExchangedIdentity,
  type MachineEndpoints,
  type VaultToken,
} from "./token-exchange.ts";
import { errorFromCredential, errorFromTokenAnswer, tokenSubject } from "./token-errors.ts";
import type { VaultHttpRequest, VaultTransport } from "./transport.ts";

export interface TokenCacheOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: VaultTransport;
  readonly logger?: Logger;
  readonly endpoints?: MachineEndpoints;
  /** One token request may take this long; 10 s unless said otherwise. */
  readonly timeoutMs?: number;
  /** Identities kept; the oldest goes first. 10,000 unless said otherwise. */
  readonly maxIdentities?: number;
}

const defaultTimeoutMs = 10_000;
/** From this part of its lifetime on a token is refreshed in the background. */
const refreshShare = 0.8;
/** So long before its end a token is not used any more: it must outlive the request, and clocks differ. */
const maxMarginMs = 60_000;
const marginShare = 0.1;
/** Requests to one token endpoint at once. */
const maxInFlight = 32;

/**
 * One token per identity and cloud. Any number of callers share one request; a token is refreshed at 80 % of its
 * lifetime while the old one is still served; a refused identity is asked about again only after a back-off.
 */
export class TokenCache {
  readonly #options: TokenCacheOptions;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #gates: GateTable;

  constructor(options: TokenCacheOptions) {
    this.#options = options;
    this.#clock = options.clock;
    const { clock, random } = options;
    const bulkhead = { total: maxInFlight, perOwner: maxInFlight };
    this.#gates = new GateTable({ clock, random, budget: undefined, bulkhead, maxQueued: 10_000 });
  }

  /** The valid token at hand, or undefined: then {@link fetch} it. May start a refresh in the background. */
  peek(identity: Identity, cloud: Cloud): VaultToken | undefined {
    const entry = this.#entries.get(identityKey(identity, cloud));
    const token = entry?.token;
    if (entry === undefined || token === undefined) return undefined;
    const nowMs = this.#clock.wallMs();
    const lifetimeMs = token.expiresAtMs - token.issuedAtMs;
    if (nowMs >= token.expiresAtMs - Math.min(maxMarginMs, marginShare * lifetimeMs)) return undefined;
    const refreshAtMs = token.issuedAtMs + refreshShare * lifetimeMs;
    if (nowMs >= refreshAtMs && entry.flight === undefined && this.#clock.monotonicMs() >= entry.retryAtMs) {
      // Its failure is in the entry and the log; the old token serves on.
      this.#start(entry, identity, cloud).catch(() => undefined);
    }
    return token;
  }

  /** A valid token. Rejects with a {@link VaultError}; shared by all callers, so it takes no signal. */
  async fetch(identity: Identity, cloud: Cloud): Promise<VaultToken> {
    const known = this.peek(identity, cloud);
    if (known !== undefined) return known;
    const key = identityKey(identity, cloud);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { token: undefined, flight: undefined, failures: 0, retryAtMs: 0, failure: undefined };
      this.#entries.set(key, entry);
      this.#evict();
    }
    if (entry.flight !== undefined) return entry.flight;
    const waitMs = entry.retryAtMs - this.#clock.monotonicMs();
    if (entry.failure !== undefined && waitMs > 0) {
      throw entry.failure.retryable ? entry.failure.withRetryAfterMs(Math.ceil(waitMs)) : entry.failure;
    }
    return this.#start(entry, identity, cloud);
  }

  /** Forgets `token`, because a vault refused it. A newer one stays. */
  drop(identity: Identity, cloud: Cloud, token: VaultToken): void {
    const entry = this.#entries.get(identityKey(identity, cloud));
    if (entry?.token === token) entry.token = undefined;
  }

  #start(entry: Entry, identity: Identity, cloud: Cloud): Promise<VaultToken> {
    const flight = this.#exchange(identity, cloud).then(
      (token) => {
        entry.token = token;
        entry.failures = 0;
        entry.failure = undefined;
        entry.flight = undefined;
        return token;
      },
      (thrown: unknown) => {
        const error = errorFromFailedRequest(thrown, tokenSubject(identity, cloud.authorityUrl));
        entry.failures++;
        entry.failure = error;
        entry.flight = undefined;
        // A person may mend the identity any moment: seconds, whatever the class.
        const delayMs = retryDelayMs("network", entry.failures, this.#options.random, error.retryAfterMs);
        entry.retryAtMs = this.#clock.monotonicMs() + delayMs;
        (this.#options.logger ?? silentLogger).warn("no token for an identity", {
          code: error.code,
          aadstsCode: error.aadstsCode,
          message: error.message,
          retryAfterMs: Math.round(delayMs),
        });
        throw error;
      },
    );
    entry.flight = flight;
    return flight;
  }

  async #exchange(identity: Identity, cloud: Cloud): Promise<VaultToken> {
    const { clock, timeoutMs = defaultTimeoutMs } = this.#options;
    if (identity.kind !== "credential") return this.#request(identity, cloud, timeoutMs);
    const nowMs = clock.wallMs();
    const answer = await withDeadline(clock, timeoutMs, undefined, (abortSignal) =>
      identity.credential.getToken(`${cloud.vaultResource}/.default`, { abortSignal }),
    ).catch((thrown: unknown) => {
      throw errorFromCredential(thrown, identity, tokenSubject(identity, cloud.authorityUrl));
    });
    if (answer === null) {
      throw new VaultError("IdentityMissing", "The application's credential gave no token.", {
        nextStep: "Check how the credential is set up.",
      });
    }
    return { token: answer.token, issuedAtMs: nowMs, expiresAtMs: answer.expiresOnTimestamp };
  }

  async #request(identity: ExchangedIdentity, cloud: Cloud, timeoutMs: number): Promise<VaultToken> {
    const { clock, random, endpoints = {} } = this.#options;
    const request = tokenRequest(identity, cloud, endpoints, clock.wallMs(), random);
    const subject = tokenSubject(identity, request.url);
    const { host } = new URL(request.url);
    const gate = this.#gates.of(host, subject.server);
    const deadlineAtMs = clock.monotonicMs() + timeoutMs;
    const ticket = await gate.enter({ lane: "new", owner: host, deadlineAtMs });
    let report: CircuitReport = { kind: "answered" };
    try {
      return await withDeadline(clock, deadlineAtMs - clock.monotonicMs(), undefined, (signal) =>
        this.#send(identity, request, subject, signal),
      );
    } catch (thrown) {
      const error = errorFromFailedRequest(thrown, subject);
      report = reportOf(error);
      throw error;
    } finally {
      gate.leave(ticket, report);
    }
  }

  async #send(
    identity: ExchangedIdentity,
    request: VaultHttpRequest,
    subject: RequestSubject,
    signal: AbortSignal,
  ): Promise<VaultToken> {
    const nowMs = this.#clock.wallMs();
    const { status, headers, body: bodyText } = await this.#options.transport.send(request, signal);
    if (status !== 200) {
      const retryAfterMs = retryAfterMsOf(headers, nowMs);
      throw errorFromTokenAnswer(identity, subject, { status, bodyText, retryAfterMs });
    }
    const token = parseTokenAnswer(bodyText, nowMs);
    if (token !== undefined) return token;
    throw new VaultError("Unavailable", `${subject.server} answered something that is no token.`, { status });
  }

  #evict(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= (this.#options.maxIdentities ?? 10_000)) return;
      if (entry.flight === undefined) this.#entries.delete(key);
    }
  }
}

interface Entry {
  token: VaultToken | undefined;
  flight: Promise<VaultToken> | undefined;
  failures: number;
  /** Monotonic; no request before it while `failure` stands. */
  retryAtMs: number;
  failure: VaultError | undefined;
}

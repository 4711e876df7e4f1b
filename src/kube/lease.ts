/**
 * One process leads, by the rules of client-go: whoever renews the Lease leads; a candidate takes over when it has not
 * seen the Lease change for its whole duration by its own monotonic clock, so clocks need not agree. A leader that
 * cannot renew in time stops leading before anyone else may start, provided that its work ends when it is told to.
 */
import { sleep, withDeadline, type Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { silentLogger, type Logger } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import type { KubeClient } from "./client.ts";
import { isNotFound } from "./kube-error.ts";
import type { Lease, LeaseSpec } from "./objects.ts";
import { leases } from "./resources.ts";
import { microTime } from "./timestamps.ts";

export interface LeaseOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly namespace: string;
  readonly name: string;
  /** Unique among the candidates, such as the name of the pod. */
  readonly identity: string;
  /** The leader's work: runs while the lease is held, ends promptly when `signal` aborts. */
  readonly lead: (signal: AbortSignal) => Promise<void>;
  readonly logger?: Logger;
  /** How long candidates wait for a silent leader. Whole seconds. Default 15,000. */
  readonly durationMs?: number;
  /** A leader that could not renew for this long stops leading. Default 10,000. */
  readonly renewDeadlineMs?: number;
  /** Time between attempts. Default 2,000. */
  readonly retryPeriodMs?: number;
}

/** Candidates wait this much longer at most, as a factor of the retry period, so that they do not move in step. */
const jitterFactor = 1.2;
const releaseTimeoutMs = 2_000;

/**
 * Stands for election until `signal` aborts, and leads whenever it wins; after a loss it stands again. Resolves when
 * `signal` has aborted and the lease is given back, or when `lead` is done by itself; rejects with what `lead` throws.
 */
export async function holdLease(options: LeaseOptions, signal: AbortSignal): Promise<void> {
  const { clock, logger = silentLogger } = options;
  const durationMs = options.durationMs ?? 15_000;
  const renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
  const retryPeriodMs = options.retryPeriodMs ?? 2_000;
  const claim = new LeaseClaim(options, durationMs);
  const about = { lease: `${options.namespace}/${options.name}`, identity: options.identity };

  while (!signal.aborted) {
    if (!(await claim.isWon(renewDeadlineMs, signal))) {
      const delayMs = retryPeriodMs * (1 + jitterFactor * options.random.next());
      await sleep(clock, delayMs, signal).catch(() => {});
      continue;
    }
    logger.info("leading", about);
    const isOver = await leadUntilLost();
    if (isOver) return;
    logger.warn("the lease was lost; standing again", about);
  }

  /** Resolves with true when there is nothing more to do, with false when the lease was lost. */
  async function leadUntilLost(): Promise<boolean> {
    const leading = new AbortController();
    const stop = () => leading.abort(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    let isDone = false;
    const work = options.lead(leading.signal).finally(() => {
      isDone = true;
      leading.abort(new Error("the leader's work is done"));
    });
    // Awaited below; until then a rejection is not unhandled.
    work.catch(() => {});
    try {
      await renewUntil(leading.signal);
      leading.abort(new Error("the lease was lost"));
      const isOwnEnd = isDone || signal.aborted;
      await (isOwnEnd ? work : work.catch(() => {}));
      return isOwnEnd;
    } finally {
      signal.removeEventListener("abort", stop);
      await claim.release();
    }
  }

  /** Resolves when `leading` aborts or the lease could not be renewed for too long. */
  async function renewUntil(leading: AbortSignal): Promise<void> {
    while (!leading.aborted) {
      await sleep(clock, retryPeriodMs, leading).catch(() => {});
      if (leading.aborted) return;
      const leftMs = claim.renewedAtMs + renewDeadlineMs - clock.monotonicMs();
      if (leftMs <= 0) return;
      if (!(await claim.isWon(leftMs, leading)) && claim.isHeldByOther) return;
    }
  }
}

/** The Lease as this candidate last saw it, and since when. */
class LeaseClaim {
  readonly #options: LeaseOptions;
  readonly #durationMs: number;
  #seen: Lease | undefined;
  #seenAtMs = 0;
  #renewedAtMs = 0;

  constructor(options: LeaseOptions, durationMs: number) {
    this.#options = options;
    this.#durationMs = durationMs;
  }

  /** When this candidate last sent what was then taken as its claim. */
  get renewedAtMs(): number {
    return this.#renewedAtMs;
  }

  get isHeldByOther(): boolean {
    const holder = this.#seen?.spec?.holderIdentity;
    return holder !== undefined && holder !== "" && holder !== this.#options.identity;
  }

  /** Takes or renews the lease. False when another holds it or the API server did not do it within `timeoutMs`. */
  async isWon(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const { clock, logger = silentLogger } = this.#options;
    try {
      return await withDeadline(clock, timeoutMs, signal, (inner) => this.#tryWin(inner));
    } catch (error) {
      if (!signal.aborted) logger.warn("the lease could not be renewed", { error: messageOf(error) });
      return false;
    }
  }

  /** Lets others take over at once, if this candidate still holds the lease. A failure is only logged. */
  async release(): Promise<void> {
    const { clock, logger = silentLogger } = this.#options;
    try {
      await withDeadline(clock, releaseTimeoutMs, undefined, (inner) => this.#giveBack(inner));
    } catch (error) {
      logger.warn("the lease was not given back and will run out", { error: messageOf(error) });
    }
  }

  async #giveBack(signal: AbortSignal): Promise<void> {
    const { client, clock, identity } = this.#options;
    const found = await this.#read(signal);
    if (found?.spec?.holderIdentity !== identity) return;
    const now = microTime(clock.wallMs());
    const leaseTransitions = found.spec.leaseTransitions ?? 0;
    const spec: LeaseSpec = { leaseDurationSeconds: 1, acquireTime: now, renewTime: now, leaseTransitions };
    await client.replace(leases, { ...found, spec }, {}, signal);
  }

  async #tryWin(signal: AbortSignal): Promise<boolean> {
    const { client, clock, namespace, name, identity } = this.#options;
    const found = await this.#read(signal);
    const nowMs = clock.monotonicMs();
    if (found === undefined) {
      const spec = this.#claim(0, undefined);
      this.#take(await client.create(leases, { metadata: { namespace, name }, spec }, {}, signal), nowMs);
      return true;
    }
    if (found.metadata.resourceVersion !== this.#seen?.metadata.resourceVersion) this.#see(found, nowMs);
    const isOwn = found.spec?.holderIdentity === identity;
    const durationMs = (found.spec?.leaseDurationSeconds ?? 0) * 1000;
    if (this.isHeldByOther && nowMs < this.#seenAtMs + durationMs) return false;
    const transitions = (found.spec?.leaseTransitions ?? 0) + (isOwn ? 0 : 1);
    const spec = this.#claim(transitions, isOwn ? found.spec?.acquireTime : undefined);
    this.#take(await client.replace(leases, { ...found, spec }, {}, signal), nowMs);
    return true;
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    const { client, namespace, name } = this.#options;
    try {
      return await client.get(leases, { namespace, name }, signal);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #claim(leaseTransitions: number, acquireTime: string | undefined): LeaseSpec {
    const now = microTime(this.#options.clock.wallMs());
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#durationMs / 1000),
      acquireTime: acquireTime ?? now,
      renewTime: now,
      leaseTransitions,
    };
  }

  #take(lease: Lease, sentAtMs: number): void {
    this.#see(lease, sentAtMs);
    this.#renewedAtMs = sentAtMs;
  }

  #see(lease: Lease, nowMs: number): void {
    this.#seen = lease;
    this.#seenAtMs = nowMs;
  }
}

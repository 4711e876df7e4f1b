import { BugError } from "../core/assert.ts";
import type { Clock } from "../core/clock.ts";
import { silentLogger, type Logger } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import {
  bundleSizeBytes,
  certificateBundle,
  keyBundle,
  objectVersion,
  secretBundle,
  type CertificateBundle,
  type KeyBundle,
  type ObjectVersion,
  type SecretBundle,
} from "./bundles.ts";
import { notKeyVault, VaultError } from "./errors.ts";
import { SingleFlight } from "../policy/single-flight.ts";
import { ObjectCache } from "./object-cache.ts";
import { RequestRunner, type RequestRunnerOptions, type Send } from "./request-runner.ts";
import type { VaultTransport } from "./transport.ts";
import type { GateState } from "./request-gate.ts";
import {
  groupOf,
  targetOf,
  urlOf,
  type Operation,
  type Target,
  type VaultReference,
  type VaultRequest,
} from "./vault-request.ts";
import type { VaultSession } from "./vault-session.ts";

/**
 * The way to every vault. Reads of one object by one identity share one request; no cached value or request is ever
 * shared between identities. All methods reject with {@link VaultError}, or the signal's reason when it aborts.
 */
export interface VaultGateway {
  getSecret(request: VaultRequest, signal?: AbortSignal): Promise<SecretBundle>;
  getKey(request: VaultRequest, signal?: AbortSignal): Promise<KeyBundle>;
  getCertificate(request: VaultRequest, signal?: AbortSignal): Promise<CertificateBundle>;
  /** All versions in the order of the vault, disabled ones included. Needs the list permission. Never cached. */
  listSecretVersions(request: VaultRequest, signal?: AbortSignal): Promise<readonly ObjectVersion[]>;
  listKeyVersions(request: VaultRequest, signal?: AbortSignal): Promise<readonly ObjectVersion[]>;
  listCertificateVersions(request: VaultRequest, signal?: AbortSignal): Promise<readonly ObjectVersion[]>;
  /** Forgets cached copies of an object for every identity, because one stopped working; without argument all. */
  invalidate(object?: VaultReference & { readonly name: string }): void;
  /** What stands between us and a vault now; undefined before its first request. */
  gateState(vault: VaultReference): GateState | undefined;
}

export interface VaultGatewayOptions extends RequestRunnerOptions {
  /** A read ends after this, waiting included; 30 s. */
  readonly timeoutMs?: number;
  /** How long the newest version of an object may be served from memory; 0, so that a poll sees every rotation. */
  readonly cacheTtlMs?: number;
  /** How long a pinned version, whose value never changes, may be served from memory; a day. */
  readonly pinnedTtlMs?: number;
  /** Objects in memory; 10,000. */
  readonly maxCached?: number;
  /** Their size in all; 32 MiB. */
  readonly maxCachedBytes?: number;
}

/** What a gateway reaches the world through. */
export interface VaultGatewaySettings {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: VaultTransport;
  readonly logger?: Logger;
  readonly options?: VaultGatewayOptions;
}

const maxPageSize = 25;
/** No vault has that many versions of one object; more is an endless list. */
const maxPages = 1_000;

/** Makes a gateway. One per process: it shares caches, budgets and connections among all that it serves. */
export function createVaultGateway(settings: VaultGatewaySettings): VaultGateway {
  return new Gateway(settings);
}

class Gateway implements VaultGateway {
  readonly #clock: Clock;
  readonly #options: VaultGatewayOptions;
  readonly #runner: RequestRunner;
  readonly #cache: ObjectCache<SecretBundle | KeyBundle | CertificateBundle>;
  readonly #flights = new SingleFlight();
  #invalidations = 0;

  constructor({ clock, random, transport, logger = silentLogger, options = {} }: VaultGatewaySettings) {
    this.#clock = clock;
    this.#options = options;
    this.#runner = new RequestRunner(clock, random, transport, logger, options);
    const { maxCached: maxEntries = 10_000, maxCachedBytes: maxBytes = 32 * 1024 * 1024 } = options;
    this.#cache = new ObjectCache(clock, { maxEntries, maxBytes }, bundleSizeBytes);
  }

  getSecret(request: VaultRequest, signal?: AbortSignal): Promise<SecretBundle> {
    return this.#get("getSecret", request, signal, async ({ secrets }, abortSignal) => {
      const { name, version = "" } = request;
      return secretBundle(await secrets.getSecret(name, { version, abortSignal }));
    });
  }

  getKey(request: VaultRequest, signal?: AbortSignal): Promise<KeyBundle> {
    return this.#get("getKey", request, signal, async ({ keys }, abortSignal) => {
      const { name, version = "" } = request;
      return keyBundle(await keys.getKey(name, { version, abortSignal }));
    });
  }

  getCertificate(request: VaultRequest, signal?: AbortSignal): Promise<CertificateBundle> {
    return this.#get("getCertificate", request, signal, async ({ certificates }, abortSignal) => {
      const { name, version } = request;
      return certificateBundle(
        version === undefined
          ? await certificates.getCertificate(name, { abortSignal })
          : await certificates.getCertificateVersion(name, version, { abortSignal }),
      );
    });
  }

  listSecretVersions(request: VaultRequest, signal?: AbortSignal): Promise<readonly ObjectVersion[]> {
    return this.#list("listSecretVersions", request, signal, ({ secrets }, abortSignal) =>
      secrets.listPropertiesOfSecretVersions(request.name, { abortSignal }).byPage({ maxPageSize }),
    );
  }

  listKeyVersions(request: VaultRequest, signal?: AbortSignal): Promise<readonly ObjectVersion[]> {
    return this.#list("listKeyVersions", request, signal, ({ keys }, abortSignal) =>
      keys.listPropertiesOfKeyVersions(request.name, { abortSignal }).byPage({ maxPageSize }),
    );
  }

  listCertificateVersions(request: VaultRequest, signal?: AbortSignal): Promise<readonly ObjectVersion[]> {
    return this.#list("listCertificateVersions", request, signal, ({ certificates }, abortSignal) =>
      certificates.listPropertiesOfCertificateVersions(request.name, { abortSignal }).byPage({ maxPageSize }),
    );
  }

  invalidate(object?: VaultReference & { readonly name: string }): void {
    this.#invalidations++;
    this.#cache.drop(object === undefined ? undefined : groupOf(urlOf(object), object.name));
  }

  gateState(vault: VaultReference): GateState | undefined {
    return this.#runner.gateState(urlOf(vault));
  }

  #get<T extends SecretBundle | KeyBundle | CertificateBundle>(
    operation: Operation,
    request: VaultRequest,
    signal: AbortSignal | undefined,
    call: (session: VaultSession, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { cacheTtlMs = 0, pinnedTtlMs = 86_400_000 } = this.#options;
    const isPinned = request.version !== undefined;
    const ttlMs = request.maxAgeMs ?? (isPinned ? pinnedTtlMs : cacheTtlMs);
    let target: Target;
    try {
      target = targetOf(operation, request);
    } catch (error) {
      return Promise.reject(error);
    }
    const mayBeCached = isPinned || (request.lane !== "forced" && request.lane !== "rotated");
    if (ttlMs > 0 && mayBeCached) {
      const cached = this.#cache.get(target.key, ttlMs);
      // The key has the operation in it, so the value is of the operation's type.
      if (cached !== undefined) return Promise.resolve(cached as T);
    }
    const invalidations = this.#invalidations;
    return this.#fly(target, request, signal, async (attempt) => {
      const session = this.#runner.session(target);
      const bundle = await attempt((token, abortSignal) => {
        session.token = token;
        return call(session, abortSignal);
      });
      const isKept = (ttlMs > 0 || cacheTtlMs > 0) && invalidations === this.#invalidations;
      if (isKept) this.#cache.set(target.key, groupOf(target.vaultUrl, request.name), bundle);
      return bundle;
    });
  }

  #list(
    operation: Operation,
    request: VaultRequest,
    signal: AbortSignal | undefined,
    open: (
      session: VaultSession,
      signal: AbortSignal,
    ) => AsyncIterable<readonly Parameters<typeof objectVersion>[0][]>,
  ): Promise<readonly ObjectVersion[]> {
    let target: Target;
    try {
      target = targetOf(operation, request);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#fly(target, request, signal, async (attempt, flightSignal) => {
      // Each page is a request of its own, and the SDK tells nothing of a call to the requests of its later pages.
      const session: VaultSession = this.#runner.openSession(target, (pageRequest, send) =>
        attempt((token, abortSignal) => {
          session.token = token;
          pageRequest.abortSignal = abortSignal;
          return send();
        }),
      );
      const versions: ObjectVersion[] = [];
      let pages = 0;
      try {
        for await (const page of open(session, flightSignal)) {
          if (++pages > maxPages) throw notKeyVault(target.subject);
          for (const properties of page) versions.push(objectVersion(properties));
        }
      } catch (thrown) {
        const isExplained =
          thrown instanceof VaultError || thrown instanceof BugError || flightSignal.aborted;
        throw isExplained ? thrown : notKeyVault(target.subject);
      }
      return versions;
    });
  }

  /** Shares the work with whoever wants the same now. `work` sends each of its requests through `attempt`. */
  #fly<T>(
    target: Target,
    request: VaultRequest,
    signal: AbortSignal | undefined,
    work: (attempt: Attempt, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { lane = "routine", timeoutMs = this.#options.timeoutMs ?? 30_000 } = request;
    // An urgent read must not wait in a slower lane, nor one after `invalidate` or a known change join one from before.
    const flightKey = `${target.key}\n${lane}\n${this.#invalidations}`;
    return this.#flights.run(flightKey, signal, (flightSignal) => {
      const deadlineAtMs = this.#clock.monotonicMs() + timeoutMs;
      return work(
        (send) => this.#runner.run({ target, request, lane, deadlineAtMs, signal: flightSignal }, send),
        flightSignal,
      );
    });
  }
}

/** Sends one request of a read. */
type Attempt = <T>(send: Send<T>) => Promise<T>;

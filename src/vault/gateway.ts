import type { Clock } from "../core/clock.ts";
import { silentLogger, type Logger } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import {
  bundleSizeBytes,
  certificateBundle,
  keyBundle,
  secretBundle,
  versionPage,
  type CertificateBundle,
  type KeyBundle,
  type ObjectVersion,
  type SecretBundle,
  type VersionPage,
} from "./bundles.ts";
import { notKeyVault } from "./errors.ts";
import { SingleFlight } from "../policy/single-flight.ts";
import { ObjectCache } from "./object-cache.ts";
import { RequestRunner, type RequestRunnerOptions } from "./request-runner.ts";
import type { VaultTransport } from "./transport.ts";
import type { GateState } from "./request-gate.ts";
import {
  groupOf,
  objectPath,
  targetOf,
  versionsPath,
  urlOf,
  type Operation,
  type Target,
  type VaultReference,
  type VaultRequest,
} from "./vault-request.ts";

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
    return this.#get("getSecret", request, signal, secretBundle);
  }

  getKey(request: VaultRequest, signal?: AbortSignal): Promise<KeyBundle> {
    return this.#get("getKey", request, signal, keyBundle);
  }

  getCertificate(request: VaultRequest, signal?: AbortSignal): Promise<CertificateBundle> {
    return this.#get("getCertificate", request, signal, certificateBundle);
  }

  listSecretVersions(request: VaultRequest, signal?: AbortSignal): Promise<readonly ObjectVersion[]> {
    return this.#list("listSecretVersions", request, signal);
  }

  listKeyVersions(request: VaultRequest, signal?: AbortSignal): Promise<readonly ObjectVersion[]> {
    return this.#list("listKeyVersions", request, signal);
  }

  listCertificateVersions(request: VaultRequest, signal?: AbortSignal): Promise<readonly ObjectVersion[]> {
    return this.#list("listCertificateVersions", request, signal);
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
    read: (body: unknown) => T,
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
    return this.#fly(target, request, signal, async (get) => {
      const bundle = await get(objectPath(operation, request), read);
      const isKept = (ttlMs > 0 || cacheTtlMs > 0) && invalidations === this.#invalidations;
      if (isKept) this.#cache.set(target.key, groupOf(target.vaultUrl, request.name), bundle);
      return bundle;
    });
  }

  #list(
    operation: Operation,
    request: VaultRequest,
    signal: AbortSignal | undefined,
  ): Promise<readonly ObjectVersion[]> {
    let target: Target;
    try {
      target = targetOf(operation, request);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#fly(target, request, signal, async (get) => {
      const all: ObjectVersion[] = [];
      let path: string | undefined = versionsPath(operation, request);
      for (let pages = 0; path !== undefined; pages++) {
        if (pages === maxPages) throw notKeyVault(target.subject);
        const { versions, nextPath }: VersionPage = await get(path, (body) =>
          versionPage(body, target.vaultUrl),
        );
        all.push(...versions);
        path = nextPath;
      }
      return all;
    });
  }

  /** Shares the work with whoever wants the same now. `work` sends each of its requests through `get`. */
  #fly<T>(
    target: Target,
    request: VaultRequest,
    signal: AbortSignal | undefined,
    work: (get: Get) => Promise<T>,
  ): Promise<T> {
    const { lane = "routine", timeoutMs = this.#options.timeoutMs ?? 30_000 } = request;
    // An urgent read must not wait in a slower lane, nor one after `invalidate` or a known change join one from before.
    const flightKey = `${target.key}\n${lane}\n${this.#invalidations}`;
    return this.#flights.run(flightKey, signal, (flightSignal) => {
      const deadlineAtMs = this.#clock.monotonicMs() + timeoutMs;
      const context = { target, request, lane, deadlineAtMs, signal: flightSignal };
      return work((path, read) => this.#runner.run(context, path, read));
    });
  }
}

/** Sends one request of a read, and reads its answer. */
type Get = <T>(path: string, read: (body: unknown) => T) => Promise<T>;

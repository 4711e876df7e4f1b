import { sleep, type Clock } from "../../src/core/clock.ts";
import type { ObjectSource } from "../../src/provider/fetch-object.ts";
import type { CertificateBundle, KeyBundle, ObjectVersion, SecretBundle } from "../../src/vault/bundles.ts";
import { VaultError, type VaultErrorDetails } from "../../src/vault/errors.ts";
import type { VaultErrorCode } from "../../src/vault/error-classes.ts";
import type { VaultRequest } from "../../src/vault/vault-request.ts";

type Stored = SecretBundle | KeyBundle | CertificateBundle;

/**
 * The objects of a vault behind the gateway's interface, without a vault: for tests of what is made of them. Later
 * additions under one name are newer versions.
 */
export class FakeVaultObjects implements ObjectSource {
  /** `secret/db`, `secret/db@v1`, `list secret/db` … in the order in which they were asked for. */
  readonly calls: string[] = [];
  readonly requests: VaultRequest[] = [];
  inFlightCount = 0;
  maxInFlightCount = 0;
  readonly #clock: Clock;
  readonly #latencyMs: number;
  readonly #versions = new Map<string, Stored[]>();
  readonly #failures = new Map<string, VaultError>();

  constructor(clock: Clock, latencyMs = 0) {
    this.#clock = clock;
    this.#latencyMs = latencyMs;
  }

  addSecret(name: string, secret: Partial<SecretBundle> & { readonly value: string }): void {
    this.#add("secret", name, secret);
  }

  addKey(name: string, key: Partial<KeyBundle> & Pick<KeyBundle, "jwk">): void {
    this.#add("key", name, key);
  }

  addCertificate(name: string, certificate: Partial<CertificateBundle> & { readonly der: Uint8Array }): void {
    this.#add("cert", name, certificate);
  }

  /** Every read of `path` (`secret/db`) fails from now on. */
  fail(path: string, code: VaultErrorCode, details: VaultErrorDetails = {}): void {
    this.#failures.set(path, new VaultError(code, `Reading ${path} failed.`, details));
  }

  getSecret(request: VaultRequest, signal?: AbortSignal): Promise<SecretBundle> {
    return this.#get("secret", request, signal);
  }

  getKey(request: VaultRequest, signal?: AbortSignal): Promise<KeyBundle> {
    return this.#get("key", request, signal);
  }

  getCertificate(request: VaultRequest, signal?: AbortSignal): Promise<CertificateBundle> {
    return this.#get("cert", request, signal);
  }

  listSecretVersions(request: VaultRequest, signal?: AbortSignal): Promise<readonly ObjectVersion[]> {
    return this.#list("secret", request, signal);
  }

  listKeyVersions(request: VaultRequest, signal?: AbortSignal): Promise<readonly ObjectVersion[]> {
    return this.#list("key", request, signal);
  }

  listCertificateVersions(request: VaultRequest, signal?: AbortSignal): Promise<readonly ObjectVersion[]> {
    return this.#list("cert", request, signal);
  }

  #add(type: string, name: string, part: object): void {
    const path = `${type}/${name}`;
    const versions = this.#versions.get(path) ?? [];
    const version = `v${versions.length + 1}`;
    const createdMs = versions.length * 1_000;
    const id = `https://demo.vault.localhost/${path}/${version}`;
    this.#versions.set(path, [...versions, { id, version, createdMs, isEnabled: true, ...part } as Stored]);
  }

  async #get<T extends Stored>(type: string, request: VaultRequest, signal?: AbortSignal): Promise<T> {
    const path = `${type}/${request.name}`;
    await this.#answer(
      request.version === undefined ? path : `${path}@${request.version}`,
      path,
      request,
      signal,
    );
    const versions = this.#versions.get(path) ?? [];
    const found =
      request.version === undefined
        ? versions.at(-1)
        : versions.find((stored) => stored.version === request.version);
    if (found === undefined) throw new VaultError("NotFound", `There is no ${path}.`);
    return found as T;
  }

  async #list(type: string, request: VaultRequest, signal?: AbortSignal): Promise<readonly ObjectVersion[]> {
    const path = `${type}/${request.name}`;
    await this.#answer(`list ${path}`, path, request, signal);
    return this.#versions.get(path) ?? [];
  }

  async #answer(call: string, path: string, request: VaultRequest, signal?: AbortSignal): Promise<void> {
    this.calls.push(call);
    this.requests.push(request);
    this.inFlightCount++;
    this.maxInFlightCount = Math.max(this.maxInFlightCount, this.inFlightCount);
    try {
      if (this.#latencyMs > 0) await sleep(this.#clock, this.#latencyMs, signal);
    } finally {
      this.inFlightCount--;
    }
    const failure = this.#failures.get(path);
    if (failure !== undefined) throw failure;
  }
}

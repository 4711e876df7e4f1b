import type { LimitClass, LimitProfile } from "../limits/profiles.ts";
import type { BackupSeal } from "./backup.ts";
import { keyRoute } from "./key-operations.ts";
import { createKeyMaterial } from "./key-material.ts";
import { addKeyVersion, type KeyVersion } from "./key-version.ts";
import type { CertificateIssuing } from "./certificate-issuing.ts";
import { certificateRoute, importCertificateFile } from "./certificate-operations.ts";
import type { CertificateOperationsOptions, CertificateVersion } from "./certificate-version.ts";
import { newestOf, retentionDays } from "./object-bundle.ts";
import { ObjectStore } from "./object-store.ts";
import { RequestCounts, type VaultCounts } from "./request-counts.ts";
import { addSecretVersion, secretRoute, type NewSecret, type SecretVersion } from "./secret-operations.ts";
import { VaultService, type VaultServiceOptions } from "./vault-service.ts";
import type { WireRequest, WireResponse } from "./wire.ts";

/** How a secret is seeded. Times are seconds since the epoch. */
export type SeedOptions = Omit<NewSecret, "value">;

interface EmulatedVaultOptions extends Omit<VaultServiceOptions, "counts" | "routes"> {
  readonly deleteLatencyMs: number;
  readonly emptyPages: boolean;
  readonly seal: BackupSeal;
  readonly profile: LimitProfile;
  readonly issuing: CertificateIssuing;
}

/** One vault: its data plane, and a direct way in for whoever sets up or inspects it. */
export class EmulatedVault {
  readonly name: string;
  readonly #options: EmulatedVaultOptions;
  readonly #secrets: ObjectStore<SecretVersion>;
  readonly #certificates: ObjectStore<CertificateVersion>;
  readonly #keys: ObjectStore<KeyVersion>;
  readonly #counts = new RequestCounts();
  readonly #service: VaultService;

  constructor(options: EmulatedVaultOptions) {
    const { clock, deleteLatencyMs } = options;
    this.name = options.name;
    this.#options = options;
    this.#secrets = new ObjectStore({ kind: "Secret", clock, deleteLatencyMs, retentionDays });
    this.#certificates = new ObjectStore({ kind: "Certificate", clock, deleteLatencyMs, retentionDays });
    this.#keys = new ObjectStore({ kind: "Key", clock, deleteLatencyMs, retentionDays });
    const secrets = secretRoute({ ...options, store: this.#secrets });
    const keys = keyRoute({ ...options, store: this.#keys });
    const certificates = certificateRoute(this.#certificateOptions());
    const routes = new Map([
      ["certificates", certificates],
      ["deletedcertificates", certificates],
      ["secrets", secrets],
      ["deletedsecrets", secrets],
      ["keys", keys],
      ["deletedkeys", keys],
    ]);
    this.#service = new VaultService({ ...options, counts: this.#counts, routes });
  }

  /** Answers one request of the data plane. */
  respond(request: WireRequest): WireResponse {
    return this.#service.respond(request);
  }

  /** Adds a version to a secret without a request. Returns the id of the version. */
  setSecret(name: string, value: string, options: SeedOptions = {}): string {
    return addSecretVersion({ ...this.#options, store: this.#secrets }, name, { ...options, value }).id;
  }

  /**
   * Imports a certificate without a request: PEM with its private key, or base64 of a PKCS#12 file. Its key and its
   * secret get the same name. Returns the id of the version.
   */
  importCertificate(name: string, value: string, password = ""): string {
    return importCertificateFile(this.#certificateOptions(), name, { value, password }).id;
  }

  /** Creates a key without a request; `sizeOrCurve` is of the REST API: 2048, `P-256`. Returns the id of the version. */
  createKey(
    name: string,
    keyType: "RSA" | "RSA-HSM" | "EC" | "EC-HSM",
    sizeOrCurve?: number | string,
  ): string {
    const material = createKeyMaterial(keyType, sizeOrCurve, sizeOrCurve);
    return addKeyVersion({ ...this.#options, store: this.#keys }, name, material).id;
  }

  /** Enables or disables the newest version of a secret without a request. */
  setSecretEnabled(name: string, enabled: boolean): void {
    newestOf(this.#secrets.get(name)).enabled = enabled;
  }

  /** Deletes a secret (softly) without a request. */
  deleteSecret(name: string): void {
    this.#secrets.delete(name);
  }

  /** The names of the live secrets, in order. */
  secretNames(): string[] {
    return this.#secrets.page(undefined, Number.POSITIVE_INFINITY).map((secret) => secret.name);
  }

  /** The ids of a secret's versions, oldest first. */
  secretVersions(name: string): string[] {
    return this.#secrets.get(name).versions.map((version) => version.id);
  }

  /** The requests so far. */
  counts(): VaultCounts {
    return this.#counts.snapshot();
  }

  /** Units of a limit class in the present window. */
  usedUnits(limitClass: LimitClass): number {
    return this.#options.counter.used(this.#options.windowNowMs(), limitClass);
  }

  #certificateOptions(): CertificateOperationsOptions {
    return { ...this.#options, store: this.#certificates, keys: this.#keys, secrets: this.#secrets };
  }
}

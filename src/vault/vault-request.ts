import type { Lane } from "../policy/priority-lane.ts";
import { vaultUrlOf, type Cloud } from "./clouds.ts";
import { VaultError, type RequestSubject } from "./errors.ts";
import { describeIdentity, identityKey, type Identity } from "./identity.ts";

/** A vault, by its name in the cloud or by its address. */
export type VaultReference = { readonly cloud: Cloud } & (
  | { readonly vaultName: string }
  | { readonly vaultUrl: string }
);

/** What to read, as whom, from which vault. */
export type VaultRequest = VaultReference & {
  readonly identity: Identity;
  readonly name: string;
  /** Absent: the newest. */
  readonly version?: string;
  /** `routine` unless said otherwise. `forced` and `rotated` pass cached copies of the newest version by. */
  readonly lane?: Lane;
  /** In place of the gateway's own. Whoever shares a request shares the time limit of the first one. */
  readonly timeoutMs?: number;
  /** A copy that is younger may be served; in place of `cacheTtlMs`. */
  readonly maxAgeMs?: number;
};

export type Operation =
  | "getSecret"
  | "getKey"
  | "getCertificate"
  | "listSecretVersions"
  | "listKeyVersions"
  | "listCertificateVersions";

/** A request with all that is derived from it. */
export interface Target {
  readonly operation: Operation;
  readonly vaultUrl: string;
  readonly vaultHost: string;
  readonly owner: string;
  /** Of cache and single-flight. */
  readonly key: string;
  readonly subject: RequestSubject;
}

const objectTypes: Readonly<Record<Operation, "secret" | "key" | "certificate">> = {
  getSecret: "secret",
  getKey: "key",
  getCertificate: "certificate",
  listSecretVersions: "secret",
  listKeyVersions: "key",
  listCertificateVersions: "certificate",
};

/** All that we read is the same in every version since; sovereign clouds and Azure Stack get new ones late. */
const apiVersion = "api-version=7.4";

/** Key Vault's own limit; a larger number is refused. */
const maxPageSize = 25;

/** Where an object is read, once {@link targetOf} has checked the request. */
export function objectPath(operation: Operation, { name, version = "" }: VaultRequest): string {
  return `/${objectTypes[operation]}s/${name}/${version}?${apiVersion}`;
}

/** Where the versions of an object are listed. */
export function versionsPath(operation: Operation, { name }: VaultRequest): string {
  return `/${objectTypes[operation]}s/${name}/versions?maxresults=${maxPageSize}&${apiVersion}`;
}

/** Checks a request and derives its target. Throws a {@link VaultError} of class BadObject for what no vault can have. */
export function targetOf(operation: Operation, request: VaultRequest): Target {
  const { identity, cloud, name, version } = request;
  const vaultUrl = urlOf(request);
  const vaultHost = vaultUrl.slice("https://".length);
  const server = `vault "${vaultHost.split(".", 1)[0]}"`;
  const type = objectTypes[operation];
  if (
    !/^[0-9a-zA-Z-]{1,127}$/.test(name) ||
    (version !== undefined && !/^[0-9a-zA-Z]{1,64}$/.test(version))
  ) {
    throw new VaultError(
      "BadObject",
      `The name or version of a ${type} for ${server} is not one that Key Vault can have.`,
    );
  }
  const owner = identityKey(identity, cloud);
  const what = `${type} "${name}"${version === undefined ? "" : ` version ${version}`} in ${server}`;
  return {
    operation,
    vaultUrl,
    vaultHost,
    owner,
    // No part but the last one can have a line feed in it; names are case-insensitive.
    key: `${operation}\n${vaultUrl}\n${name.toLowerCase()}\n${version ?? ""}\n${owner}`,
    subject: { what, server, who: describeIdentity(identity) },
  };
}

/** The vault's address without a slash at the end. Throws a {@link VaultError} of class BadObject. */
export function urlOf(vault: VaultReference): string {
  if ("vaultName" in vault) {
    if (/^[0-9a-zA-Z-]{3,24}$/.test(vault.vaultName)) return vaultUrlOf(vault.cloud, vault.vaultName);
    throw new VaultError("BadObject", "A vault's name has 3 to 24 letters, digits and hyphens.", {
      nextStep: "Correct keyvaultName.",
    });
  }
  const url = URL.canParse(vault.vaultUrl) ? new URL(vault.vaultUrl) : undefined;
  if (url?.protocol === "https:" && url.pathname === "/" && url.username === "") return url.origin;
  throw new VaultError("BadObject", "A vault's address is not of the form https://NAME.vault.azure.net.", {
    nextStep: "Correct the vault's address.",
  });
}

/** What all cached versions and types of one object share. */
export function groupOf(vaultUrl: string, name: string): string {
  return `${vaultUrl}/${name.toLowerCase()}`;
}

import { createHash } from "node:crypto";
import { assertNever } from "../core/assert.ts";
import type { ObjectVersion, SecretBundle } from "../vault/bundles.ts";
import type { VaultGateway } from "../vault/gateway.ts";
import type { Identity } from "../vault/identity.ts";
import type { Cloud } from "../vault/clouds.ts";
import { readCertificateSecret, type CertificateForms } from "./certificate-secret.ts";
import { decodeText } from "./encoding.ts";
import { ObjectError } from "./fetch-error.ts";
import type { FilePart, WantedFile } from "./fetch-plan.ts";
import type { Limiter } from "./limiter.ts";
import type { LruCache } from "./lru-cache.ts";
import type { Lane } from "./mount-request.ts";
import type { ObjectSpec } from "./object-spec.ts";
import { certificateToPem, keyToPem } from "./public-pem.ts";

/** What the provider needs of the vault's gateway. */
export type ObjectSource = Omit<VaultGateway, "invalidate" | "gateState">;

/** Content for one path. */
export interface FetchedFile {
  readonly path: string;
  readonly contents: Buffer;
}

/** One version of an object and the files that it became. */
export interface FetchedVersion {
  /** `<type>/<name>`, with a history `<type>/<name>/<index>`. */
  readonly id: string;
  readonly version: string;
  readonly files: readonly FetchedFile[];
}

/** What all reads of one Mount have in common. */
export interface FetchContext {
  readonly source: ObjectSource;
  readonly limiter: Limiter;
  readonly certificateCache: LruCache<CertificateForms>;
  readonly writesSeparateFiles: boolean;
  readonly target: FetchTarget;
  readonly signal: AbortSignal;
}

/**
 * New SecretSyncs come in crowds that read the same objects (a rollout, a first start): they share what one identity
 * read within the last second. The controller counts that second against the age of the value (proto/service.proto).
 */
const newReadMaxAgeMs = 1_000;

/** Whose vault is read, as whom, and why. */
export interface FetchTarget {
  readonly identity: Identity;
  readonly cloud: Cloud;
  readonly vaultName: string;
  readonly lane: Lane;
}

/** Reads an object, all of its versions that are wanted, and makes its files. Throws what the source or a conversion throws. */
export async function fetchObject(
  spec: ObjectSpec,
  wanted: readonly WantedFile[] | "all",
  context: FetchContext,
): Promise<readonly FetchedVersion[]> {
  const id = `${spec.type}/${spec.name}`;
  if (spec.historyLength === 1) {
    const files = wanted === "all" ? [wholeFile(spec.path, 0)] : wanted;
    return [await fetchVersion(spec, spec.version, id, files, wanted === "all", context)];
  }
  const versions = pickHistory(await listVersions(spec, context), spec);
  return Promise.all(
    versions.flatMap((version, index) => {
      const files =
        wanted === "all"
          ? [wholeFile(`${spec.path}/${index}`, index)]
          : wanted.filter((file) => file.historyIndex === index);
      if (files.length === 0) return [];
      return [fetchVersion(spec, version, `${id}/${index}`, files, wanted === "all", context)];
    }),
  );
}

function wholeFile(path: string, historyIndex: number): WantedFile {
  return { path, historyIndex, part: "whole" };
}

async function fetchVersion(
  spec: ObjectSpec,
  pinned: string,
  id: string,
  files: readonly WantedFile[],
  isStock: boolean,
  context: FetchContext,
): Promise<FetchedVersion> {
  const { source, limiter, target, signal } = context;
  const request = {
    ...target,
    name: spec.name,
    ...(pinned === "" ? {} : { version: pinned }),
    ...(pinned === "" && target.lane === "new" ? { maxAgeMs: newReadMaxAgeMs } : {}),
  };
  switch (spec.type) {
    case "secret": {
      const secret = await limiter.run(() => source.getSecret(request, signal));
      const withParts =
        isStock && context.writesSeparateFiles && secret.kid !== undefined ? addParts(files) : files;
      return {
        id,
        version: secret.version,
        files: withParts.map((file) => secretFile(secret, spec, file, context)),
      };
    }
    case "key": {
      const { version, jwk } = await limiter.run(() => source.getKey(request, signal));
      return { id, version, files: textFiles(files, keyToPem(jwk)) };
    }
    case "cert": {
      const { version, der } = await limiter.run(() => source.getCertificate(request, signal));
      return { id, version, files: textFiles(files, certificateToPem(der)) };
    }
    default:
      return assertNever(spec.type);
  }
}

function textFiles(files: readonly WantedFile[], text: string): FetchedFile[] {
  const contents = Buffer.from(text);
  return files.map(({ path }) => ({ path, contents }));
}

/** The stock provider writes the parts before the whole. */
function addParts(files: readonly WantedFile[]): readonly WantedFile[] {
  return files.flatMap((file) => [
    { ...file, path: `${file.path}.crt`, part: "certificate" as const },
    { ...file, path: `${file.path}.key`, part: "key" as const },
    file,
  ]);
}

function secretFile(
  secret: SecretBundle,
  spec: ObjectSpec,
  { path, part }: WantedFile,
  context: FetchContext,
): FetchedFile {
  if (part !== "whole") return { path, contents: partOf(secret, part, context) };
  // Only a certificate's own secret is converted: other values are none of our business.
  const text = secret.kid === undefined ? secret.value : formsOf(secret, context)[spec.format];
  return { path, contents: decodeText(text, spec.encoding) };
}

function partOf(secret: SecretBundle, part: Exclude<FilePart, "whole">, context: FetchContext): Buffer {
  const forms = formsOf(secret, context);
  const text = part === "certificate" ? forms.certificates : forms.keys;
  if (text !== "") return Buffer.from(text);
  throw new ObjectError(
    "Conversion",
    part === "certificate"
      ? "the value has no certificate: ask for the object's own path"
      : "the value has no private key: is the certificate's key exportable?",
  );
}

/** Conversions are remembered by the value itself: the same certificate is delivered at every poll. */
function formsOf({ value, contentType }: SecretBundle, { certificateCache }: FetchContext): CertificateForms {
  const key = `${contentType ?? ""} ${createHash("sha256").update(value).digest("base64")}`;
  let forms = certificateCache.get(key);
  if (forms === undefined) {
    forms = readCertificateSecret(value, contentType);
    // Forms are made of the value: about as long in PEM, as PFX and in parts.
    certificateCache.set(key, forms, 3 * value.length);
  }
  return forms;
}

function listVersions(spec: ObjectSpec, { source, limiter, target, signal }: FetchContext) {
  const request = { ...target, name: spec.name };
  return limiter.run<readonly ObjectVersion[]>(() => {
    switch (spec.type) {
      case "secret":
        return source.listSecretVersions(request, signal);
      case "key":
        return source.listKeyVersions(request, signal);
      case "cert":
        return source.listCertificateVersions(request, signal);
      default:
        return assertNever(spec.type);
    }
  });
}

/** The enabled versions, newest first, from the pinned one (or the newest) on, at most as many as asked for. */
function pickHistory(versions: readonly ObjectVersion[], spec: ObjectSpec): readonly string[] {
  if (versions.length === 0) {
    throw new ObjectError(
      "NotFound",
      `The vault has no ${spec.type} "${spec.name}" with versions. Create it, or correct objectName.`,
    );
  }
  const newestFirst = versions
    .filter((version) => version.isEnabled)
    .sort(
      (left, right) =>
        (right.createdMs ?? 0) - (left.createdMs ?? 0) || (left.version < right.version ? -1 : 1),
    )
    .map((info) => info.version);
  if (newestFirst.length === 0) {
    throw new ObjectError(
      "Disabled",
      `All versions of ${spec.type} "${spec.name}" are disabled. Enable one of them.`,
    );
  }
  const start = spec.version === "" ? 0 : newestFirst.indexOf(spec.version);
  if (start < 0) {
    throw new ObjectError(
      "NotFound",
      `objectVersion is no enabled version of ${spec.type} "${spec.name}". Correct or remove it.`,
    );
  }
  return newestFirst.slice(start, start + spec.historyLength);
}

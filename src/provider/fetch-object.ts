import { assertNever } from "../core/assert.ts";
import { decodeText } from "./encoding.ts";
import { ObjectError } from "./fetch-error.ts";
import type { WantedFile } from "./fetch-plan.ts";
import type { Limiter } from "./limiter.ts";
import type { ObjectRequest, ObjectSource, VersionInfo } from "./object-source.ts";
import type { ObjectSpec } from "./object-spec.ts";

/** Content for one path, with the version that it came from. */
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

export interface FetchContext {
  readonly source: ObjectSource;
  readonly limiter: Limiter;
  /** Identity, vault and lane; name and version are the object's. */
  readonly base: Omit<ObjectRequest, "name" | "version">;
  readonly signal: AbortSignal;
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
    return [await fetchVersion(spec, spec.version, id, files, context)];
  }
  const versions = pickHistory(await listVersions(spec, context), spec);
  return Promise.all(
    versions.flatMap((version, index) => {
      const files =
        wanted === "all"
          ? [wholeFile(`${spec.path}/${index}`, index)]
          : wanted.filter((file) => file.historyIndex === index);
      return files.length === 0 ? [] : [fetchVersion(spec, version, `${id}/${index}`, files, context)];
    }),
  );
}

function wholeFile(path: string, historyIndex: number): WantedFile {
  return { path, historyIndex, part: "whole" };
}

async function fetchVersion(
  spec: ObjectSpec,
  version: string,
  id: string,
  files: readonly WantedFile[],
  { source, limiter, base, signal }: FetchContext,
): Promise<FetchedVersion> {
  const request = { ...base, name: spec.name, ...(version === "" ? {} : { version }) };
  switch (spec.type) {
    case "secret": {
      const secret = await limiter.run(() => source.getSecret(request, signal));
      const contents = decodeText(secret.value, spec.encoding);
      return { id, version: secret.version, files: files.map(({ path }) => ({ path, contents })) };
    }
    case "key":
    case "cert":
      throw new ObjectError("BadObject", "only objectType secret");
    default:
      return assertNever(spec.type);
  }
}

function listVersions(spec: ObjectSpec, { source, limiter, base, signal }: FetchContext) {
  const request = { ...base, name: spec.name };
  return limiter.run<readonly VersionInfo[]>(() => {
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
function pickHistory(versions: readonly VersionInfo[], spec: ObjectSpec): readonly string[] {
  if (versions.length === 0) {
    throw new ObjectError(
      "NotFound",
      `the vault has no ${spec.type} of this name, or all of its versions are deleted: create it, or correct objectName`,
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
    throw new ObjectError("NotFound", "all versions are disabled: enable one of them");
  }
  const start = spec.version === "" ? 0 : newestFirst.indexOf(spec.version);
  if (start < 0) {
    throw new ObjectError(
      "NotFound",
      "objectVersion is not an enabled version of this object: correct or remove it",
    );
  }
  return newestFirst.slice(start, start + spec.historyLength);
}

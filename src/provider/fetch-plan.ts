import type { InvalidObject, ObjectSpec } from "./object-spec.ts";
import type { ObjectEntry } from "./objects.ts";

/** A file that someone asked for by its path. */
export interface WantedFile {
  readonly path: string;
  /** Position in the version history; 0 for an object without one. */
  readonly historyIndex: number;
  readonly part: FilePart;
}

/** A certificate with its key as it is, its certificates alone, or its key alone. */
export type FilePart = "whole" | "certificate" | "key";

/** One object to read for a Mount, or one that cannot be read as it is specified. */
export type FetchTask =
  | { readonly kind: "fetch"; readonly spec: ObjectSpec; readonly wanted: readonly WantedFile[] | "all" }
  | {
      readonly kind: "refused";
      readonly object: Pick<InvalidObject, "type" | "name" | "version">;
      readonly paths: readonly string[];
      readonly message: string;
    };

export interface FetchPlan {
  /** In the order of the class. */
  readonly tasks: readonly FetchTask[];
  /** Requested paths that no object produces. */
  readonly unknownPaths: readonly string[];
}

/**
 * Picks the objects that produce `requestedPaths`, in the order of the class; no paths means all objects. Of two
 * objects with one path the last wins.
 */
export function planFetch(entries: readonly ObjectEntry[], requestedPaths: readonly string[]): FetchPlan {
  if (requestedPaths.length === 0) {
    const tasks = entries.map((entry): FetchTask =>
      entry.kind === "valid"
        ? { kind: "fetch", spec: entry.spec, wanted: "all" }
        : refuse(entry.object, entry.object.path === "" ? [] : [entry.object.path]),
    );
    return { tasks, unknownPaths: [] };
  }
  const indexByPath = new Map(entries.map((entry, index) => [pathOf(entry), index]));
  const wantedByIndex = new Map<number, WantedFile[]>();
  const unknownPaths: string[] = [];
  for (const path of new Set(requestedPaths)) {
    const found = findProducer(path, entries, indexByPath);
    if (found === undefined) unknownPaths.push(path);
    else (wantedByIndex.get(found.index) ?? addEmpty(wantedByIndex, found.index)).push(found.wanted);
  }
  const tasks: FetchTask[] = [];
  for (const [index, entry] of entries.entries()) {
    const wanted = wantedByIndex.get(index);
    if (entry.kind === "valid") {
      if (wanted !== undefined) tasks.push({ kind: "fetch", spec: entry.spec, wanted });
    } else if (wanted !== undefined || (entry.object.path === "" && unknownPaths.length > 0)) {
      // What cannot be read at all may be what a path without a producer was meant for.
      tasks.push(
        refuse(
          entry.object,
          (wanted ?? []).map((file) => file.path),
        ),
      );
    }
  }
  return { tasks, unknownPaths };
}

function refuse(object: InvalidObject, paths: readonly string[]): FetchTask {
  return { kind: "refused", object, paths, message: object.problems.join("; ") };
}

const shownPaths = 10;

/** What to tell of a path that no object produces. */
export function describeUnknownPath(path: string, entries: readonly ObjectEntry[]): string {
  const known = entries.flatMap((entry) => {
    if (entry.kind === "invalid") return [];
    const { path, historyLength } = entry.spec;
    return [historyLength === 1 ? path : `${path}/0 to ${path}/${historyLength - 1}`];
  });
  const more = known.length > shownPaths ? ` and ${known.length - shownPaths} more` : "";
  const list = known.length === 0 ? "it has none" : `it has ${known.slice(0, shownPaths).join(", ")}${more}`;
  return `no object of the SecretProviderClass produces "${path.slice(0, 253)}" (${list}): correct sourcePath, or add the object`;
}

function pathOf(entry: ObjectEntry): string {
  return entry.kind === "valid" ? entry.spec.path : entry.object.path;
}

function addEmpty(map: Map<number, WantedFile[]>, index: number): WantedFile[] {
  const list: WantedFile[] = [];
  map.set(index, list);
  return list;
}

const partSuffixes: readonly { readonly suffix: string; readonly part: FilePart }[] = [
  { suffix: "", part: "whole" },
  { suffix: ".crt", part: "certificate" },
  { suffix: "/tls.crt", part: "certificate" },
  { suffix: ".key", part: "key" },
  { suffix: "/tls.key", part: "key" },
];

/** A path is an object's own path, or with a position of its history, or with the suffix of a part of a secret. */
function findProducer(
  path: string,
  entries: readonly ObjectEntry[],
  indexByPath: ReadonlyMap<string, number>,
): { readonly index: number; readonly wanted: WantedFile } | undefined {
  for (const { suffix, part } of partSuffixes) {
    if (!path.endsWith(suffix)) continue;
    const base = path.slice(0, path.length - suffix.length);
    const singleIndex = base === "" ? undefined : indexByPath.get(base);
    if (singleIndex !== undefined && canProduce(entries[singleIndex], part, undefined)) {
      return { index: singleIndex, wanted: { path, historyIndex: 0, part } };
    }
    const history = /^(.+)\/(0|[1-9][0-9]{0,9})$/.exec(base);
    if (history === null) continue;
    const historyIndex = Number(history[2]);
    const index = indexByPath.get(history[1] ?? "");
    if (index !== undefined && canProduce(entries[index], part, historyIndex)) {
      return { index, wanted: { path, historyIndex, part } };
    }
  }
  return undefined;
}

function canProduce(
  entry: ObjectEntry | undefined,
  part: FilePart,
  historyIndex: number | undefined,
): boolean {
  if (entry === undefined) return false;
  if (entry.kind === "invalid") return true;
  const { spec } = entry;
  if (part !== "whole" && spec.type !== "secret") return false;
  if (historyIndex === undefined) return spec.historyLength === 1;
  return historyIndex < spec.historyLength && spec.historyLength > 1;
}

import type { Cloud } from "../vault/clouds.ts";
import { resolveCloud } from "./class-cloud.ts";
import type { FetchTarget } from "./fetch-object.ts";
import { describeUnknownPath, planFetch, type FetchTask } from "./fetch-plan.ts";
import type { MountRequest } from "./gen/service.ts";
import { resolveIdentity } from "./identity.ts";
import { parseEnvelope } from "./mount-request.ts";
import type { LruCache } from "./lru-cache.ts";
import { parseObjects, type ObjectEntry, type ParsedObjects } from "./objects.ts";
import { parseParameters } from "./parameters.ts";

/** A request that may be carried out. */
export interface Mount {
  readonly target: FetchTarget;
  /** For files whose object has none of its own. */
  readonly fileMode: number;
  readonly tasks: readonly FetchTask[];
}

export type ParsedMount =
  | { readonly kind: "valid"; readonly mount: Mount }
  | { readonly kind: "invalid"; readonly problems: readonly string[] };

/**
 * Checks a whole request: envelope, parameters, identity, objects, in the order of the stock provider, but telling
 * all problems that can be known at once. Wrong single objects are no reason to refuse: they become tasks. Nor are, in
 * a partial Mount, requested paths that no object produces: they are in none of its results.
 */
export function parseMount(
  request: MountRequest,
  objectsCache: LruCache<ParsedObjects>,
  defaultCloud: Cloud,
): ParsedMount {
  const parsed = parseEnvelope(request);
  if (parsed.kind === "invalid") return parsed;
  const { attributes, secrets, fileMode, lane } = parsed.envelope;
  const reading = parseParameters(attributes);
  const problems = reading.kind === "invalid" ? [...reading.problems] : [];
  const cloud = reading.kind === "valid" ? resolveCloud(reading.parameters, defaultCloud) : undefined;
  if (cloud?.kind === "invalid") problems.push(cloud.problem);
  const identity = reading.kind === "valid" ? resolveIdentity(reading.parameters, secrets) : undefined;
  if (identity?.kind === "invalid") problems.push(identity.problem);
  const text = attributes["objects"];
  const objects =
    typeof text === "string" && text.trim() !== "" ? parseCached(text, objectsCache) : undefined;
  if (objects?.kind === "invalid") problems.push(...objects.problems);
  if (
    reading.kind !== "valid" ||
    cloud?.kind !== "valid" ||
    identity?.kind !== "valid" ||
    objects?.kind !== "valid"
  ) {
    if (objects?.kind === "valid") problems.push(...describeInvalid(objects.entries));
    return { kind: "invalid", problems };
  }
  const { tasks, unknownPaths } = planFetch(objects.entries, request.requestedPaths);
  if (unknownPaths.length > 0 && !request.partial) {
    return {
      kind: "invalid",
      problems: unknownPaths.map((path) => describeUnknownPath(path, objects.entries)),
    };
  }
  return {
    kind: "valid",
    mount: {
      target: {
        identity: identity.identity,
        cloud: cloud.cloud,
        vaultName: reading.parameters.keyvaultName,
        lane,
      },
      fileMode,
      tasks,
    },
  };
}

function describeInvalid(entries: readonly ObjectEntry[]): string[] {
  return entries.flatMap((entry, index) =>
    entry.kind === "valid" ? [] : [`object ${index + 1} of objects: ${entry.object.problems.join(", ")}`],
  );
}

/** The same class is mounted again and again. */
function parseCached(text: string, cache: LruCache<ParsedObjects>): ParsedObjects {
  let parsed = cache.get(text);
  if (parsed === undefined) {
    parsed = parseObjects(text);
    cache.set(text, parsed, text.length);
  }
  return parsed;
}

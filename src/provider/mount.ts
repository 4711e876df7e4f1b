import { cloudByName, type Cloud } from "../vault/clouds.ts";
import { planFetch, type FetchTask } from "./fetch-plan.ts";
import type { MountRequest } from "./gen/service.ts";
import { resolveIdentity } from "./identity.ts";
import { parseEnvelope } from "./mount-request.ts";
import type { ObjectRequest } from "./object-source.ts";
import type { ObjectsCache } from "./objects-cache.ts";
import { parseParameters } from "./parameters.ts";

/** A request that may be carried out. */
export interface Mount {
  /** What every read of it has in common. */
  readonly base: Omit<ObjectRequest, "name" | "version">;
  readonly fileMode: number;
  readonly tasks: readonly FetchTask[];
}

export type ParsedMount =
  | { readonly kind: "valid"; readonly mount: Mount }
  | { readonly kind: "invalid"; readonly problems: readonly string[] };

/**
 * Checks a whole request: envelope, parameters, identity, objects, in the order of the stock provider, but telling
 * all problems that can be known at once. Wrong single objects are no reason to refuse: they become tasks.
 */
export function parseMount(
  request: MountRequest,
  objectsCache: ObjectsCache,
  defaultCloud: Cloud,
): ParsedMount {
  const parsed = parseEnvelope(request);
  if (parsed.kind === "invalid") return parsed;
  const { attributes, secrets, fileMode, lane } = parsed.envelope;
  const reading = parseParameters(attributes);
  const problems = reading.kind === "invalid" ? [...reading.problems] : [];
  const identity = reading.kind === "valid" ? resolveIdentity(reading.parameters, secrets) : undefined;
  if (identity?.kind === "invalid") problems.push(identity.problem);
  const text = attributes["objects"];
  const objects = typeof text === "string" && text.trim() !== "" ? objectsCache.parse(text) : undefined;
  if (objects?.kind === "invalid") problems.push(...objects.problems);
  if (reading.kind !== "valid" || identity?.kind !== "valid" || objects?.kind !== "valid") {
    return { kind: "invalid", problems };
  }
  const { keyvaultName, cloudName } = reading.parameters;
  const cloud = cloudName === undefined ? defaultCloud : cloudByName(cloudName);
  return {
    kind: "valid",
    mount: {
      base: { identity: identity.identity, cloud, vaultName: keyvaultName, lane },
      fileMode,
      tasks: planFetch(objects.entries, request.requestedPaths),
    },
  };
}

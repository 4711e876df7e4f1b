import type { JsonObject } from "./object.ts";
import type { Registry } from "./registry.ts";
import type { Resource } from "./resource.ts";

/** A kind that is created but never stored: the answer is in the status of what comes back. */
export interface Review {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
}

/** Kinds that kubectl asks for its `auth` commands. */
export const reviews: readonly Review[] = [
  review("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
  review("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview"),
  review("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
];

function review(group: string, plural: string, kind: string): Review {
  return { group, version: "v1", plural, kind };
}

/** The review at a path. */
export function findReview(path: string): Review | undefined {
  return reviews.find(({ group, version, plural }) => path === `/apis/${group}/${version}/${plural}`);
}

/** The versions of a group in the order in which they are preferred. */
interface GroupVersions {
  readonly group: string;
  readonly versions: readonly string[];
}

function groupsOf(registry: Registry): GroupVersions[] {
  const groups = new Map<string, Set<string>>();
  for (const { group, version } of [...registry.all, ...reviews]) {
    let versions = groups.get(group);
    if (versions === undefined) groups.set(group, (versions = new Set()));
    versions.add(version);
  }
  return [...groups].map(([group, versions]) => ({ group, versions: [...versions].sort(comparePriority) }));
}

/** v2 before v1, v1 before v1beta1, v1beta1 before v1alpha1, then by name. */
function comparePriority(left: string, right: string): number {
  const rank = (version: string) => {
    const match = /^v(\d{1,4})(?:(alpha|beta)(\d{1,4}))?$/.exec(version);
    if (match === null) return -1;
    const stage = match[2] === undefined ? 2 : match[2] === "beta" ? 1 : 0;
    return stage * 1e8 + Number(match[1]) * 1e4 + Number(match[3] ?? 0);
  };
  return rank(right) - rank(left) || (left < right ? -1 : 1);
}

/** `/apis` */
export function groupList(registry: Registry): JsonObject {
  const groups = groupsOf(registry).filter(({ group }) => group !== "");
  return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(groupEntry) };
}

/** `/apis/group`, undefined when there is none. */
export function groupDocument(registry: Registry, name: string): JsonObject | undefined {
  const found = groupsOf(registry).find(({ group }) => group === name);
  return found === undefined || name === ""
    ? undefined
    : { kind: "APIGroup", apiVersion: "v1", ...groupEntry(found) };
}

function groupEntry({ group, versions }: GroupVersions): JsonObject {
  const entries = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: entries, preferredVersion: entries[0]! };
}

/** `/api/v1` and `/apis/group/version`, undefined when there is none. */
export function resourceList(registry: Registry, group: string, version: string): JsonObject | undefined {
  const resources = registry.all.filter((item) => item.group === group && item.version === version);
  const kinds = reviews.filter((item) => item.group === group && item.version === version);
  if (resources.length + kinds.length === 0) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: group === "" ? version : `${group}/${version}`,
    resources: [
      ...resources.flatMap(legacyEntries),
      ...kinds.map(({ plural, kind }) => ({
        name: plural,
        singularName: kind.toLowerCase(),
        namespaced: false,
        kind,
        verbs: ["create"],
      })),
    ],
  };
}

function legacyEntries(resource: Resource): JsonObject[] {
  const { plural, singular, isNamespaced, kind, verbs, shortNames, categories, subresources } = resource;
  return [
    {
      name: plural,
      singularName: singular,
      namespaced: isNamespaced,
      kind,
      verbs,
      ...(shortNames.length === 0 ? {} : { shortNames }),
      ...(categories.length === 0 ? {} : { categories }),
    },
    ...subresources.map((subresource) => ({
      name: `${plural}/${subresource.name}`,
      singularName: "",
      namespaced: isNamespaced,
      ...(subresource.name === "token"
        ? { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" }
        : { kind }),
      verbs: subresource.verbs,
    })),
  ];
}

/** All resources of the core group or of the others in one document, in the asked version of `apidiscovery.k8s.io`. */
export function aggregatedDiscovery(
  registry: Registry,
  isCore: boolean,
  discoveryVersion: string,
): JsonObject {
  const groups = groupsOf(registry).filter(({ group }) => (group === "") === isCore);
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${discoveryVersion}`,
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: group === "" ? {} : { name: group },
      versions: versions.map((version) => ({
        version,
        resources: aggregatedEntries(registry, group, version),
        freshness: "Current",
      })),
    })),
  };
}

function aggregatedEntries(registry: Registry, group: string, version: string): JsonObject[] {
  const stored = registry.all
    .filter((item) => item.group === group && item.version === version)
    .map((resource) => ({
      resource: resource.plural,
      responseKind: { group, version, kind: resource.kind },
      scope: resource.isNamespaced ? "Namespaced" : "Cluster",
      singularResource: resource.singular,
      verbs: resource.verbs,
      ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
      ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
      ...(resource.subresources.length === 0
        ? {}
        : {
            subresources: resource.subresources.map(({ name, verbs }) => ({
              subresource: name,
              responseKind:
                name === "token"
                  ? { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" }
                  : { group, version, kind: resource.kind },
              verbs,
            })),
          }),
    }));
  const kinds = reviews
    .filter((item) => item.group === group && item.version === version)
    .map(({ plural, kind }) => ({
      resource: plural,
      responseKind: { group, version, kind },
      scope: "Cluster",
      singularResource: kind.toLowerCase(),
      verbs: ["create"],
    }));
  return [...stored, ...kinds];
}

import { assert } from "../core/assert.ts";
import { KubeError } from "./kube-error.ts";
import type {
  ConfigMap,
  CustomResourceDefinition,
  Event,
  KubeObject,
  Lease,
  Namespace,
  Secret,
  ServiceAccount,
} from "./objects.ts";

/** Where objects of one type live on the API server. The type parameter is the type of its objects. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Ties the type parameter to the value; never set. */
  readonly objectType?: T;
}

/** One object, by place. `namespace` is needed exactly for kinds that have one. */
export interface ObjectRef {
  readonly namespace?: string;
  readonly name: string;
}

/** The kinds that Keyweir knows besides its own. */
export const namespaces: Resource<Namespace> = core("namespaces", "Namespace", false);
export const secrets: Resource<Secret> = core("secrets", "Secret", true);
export const configMaps: Resource<ConfigMap> = core("configmaps", "ConfigMap", true);
export const serviceAccounts: Resource<ServiceAccount> = core("serviceaccounts", "ServiceAccount", true);
export const events: Resource<Event> = core("events", "Event", true);
/** Leader election. */
export const leases: Resource<Lease> = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};
/** Definitions of custom resources. */
export const customResourceDefinitions: Resource<CustomResourceDefinition> = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
};

function core<T extends KubeObject>(plural: string, kind: string, namespaced: boolean): Resource<T> {
  return { group: "", version: "v1", plural, kind, namespaced };
}

/** `v1`, `coordination.k8s.io/v1`. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/**
 * The URL path of a collection (no `name`), an object or a sub-resource, with its query. Throws a {@link KubeError}
 * for names that would change the path.
 */
export function resourcePath(
  resource: Resource,
  place: { readonly namespace?: string; readonly name?: string; readonly subresource?: string },
  query?: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  let path = resource.group === "" ? "/api/" : `/apis/${resource.group}/`;
  path += resource.version;
  if (resource.namespaced && place.namespace !== undefined) path += `/namespaces/${segment(place.namespace)}`;
  path += `/${resource.plural}`;
  if (place.name !== undefined) {
    assert(!resource.namespaced || place.namespace !== undefined, `a ${resource.kind} has a namespace`);
    path += `/${segment(place.name)}`;
  }
  if (place.subresource !== undefined) path += `/${place.subresource}`;
  if (query === undefined) return path;
  let separator = "?";
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    path += `${separator}${key}=${encodeURIComponent(value)}`;
    separator = "&";
  }
  return path;
}

function segment(name: string): string {
  if (name === "" || name === "." || name === "..") {
    throw new KubeError(`${JSON.stringify(name)} is no name of an object`, { code: "BadRequest" });
  }
  return encodeURIComponent(name);
}

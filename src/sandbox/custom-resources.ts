import { ageColumn, nameColumn, formatAge } from "./columns.ts";
import { printPath } from "./json-path.ts";
import { getOwn, isJsonObject, type Json, type JsonObject, type KubeObject } from "./object.ts";
import type { Registry } from "./registry.ts";
import { allVerbs, definitionStorage, statusSubresource, type Column, type Resource } from "./resource.ts";
import type { Schema } from "./schema.ts";
import type { Store } from "./store.ts";
import type { WatchHub } from "./watch.ts";

/** The parts of a CustomResourceDefinition that decide how its objects are served. */
interface DefinitionSpec {
  readonly group: string;
  readonly scope: "Namespaced" | "Cluster";
  readonly names: {
    readonly plural: string;
    readonly singular?: string;
    readonly kind: string;
    readonly listKind?: string;
    readonly shortNames?: readonly string[];
    readonly categories?: readonly string[];
  };
  readonly versions: readonly DefinitionVersion[];
}

interface DefinitionVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly schema?: { readonly openAPIV3Schema?: Schema };
  readonly subresources?: { readonly status?: JsonObject };
  readonly additionalPrinterColumns?: readonly {
    readonly name: string;
    readonly type: Column["type"];
    readonly jsonPath: string;
    readonly format?: string;
    readonly description?: string;
    readonly priority?: number;
  }[];
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
}

/** Keeps the registry in step with the definitions in the store; the watches of a kind end with it. */
export function serveDefinitions(store: Store, registry: Registry, watches: WatchHub): void {
  store.onChange(({ storage, type, entry }) => {
    if (storage !== definitionStorage) return;
    const spec = entry.object["spec"] as unknown as DefinitionSpec;
    const served = type === "DELETED" ? [] : resourcesOf(spec);
    const kind = `${spec.group}/${spec.names.plural}`;
    registry.replace(kind, served);
    if (type === "DELETED") watches.drop("end", kind);
  });
}

function resourcesOf(spec: DefinitionSpec): Resource[] {
  const { group, names } = spec;
  const storageVersion = spec.versions.find((version) => version.storage)?.name ?? "";
  return spec.versions
    .filter((version) => version.served)
    .map((version) => ({
      group,
      version: version.name,
      apiVersion: `${group}/${version.name}`,
      storageApiVersion: `${group}/${storageVersion}`,
      plural: names.plural,
      singular: names.singular ?? names.kind.toLowerCase(),
      kind: names.kind,
      listKind: names.listKind ?? `${names.kind}List`,
      shortNames: names.shortNames ?? [],
      categories: names.categories ?? [],
      isNamespaced: spec.scope === "Namespaced",
      isCustom: true,
      storage: `${group}/${names.plural}`,
      verbs: allVerbs,
      subresources: version.subresources?.status === undefined ? [] : [statusSubresource],
      schema: version.schema?.openAPIV3Schema ?? { "x-kubernetes-preserve-unknown-fields": true },
      columns: columnsOf(version),
      selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, "")),
      hasGeneration: true,
      needsVersionForUpdate: true,
    }));
}

function columnsOf(version: DefinitionVersion): Column[] {
  const custom = version.additionalPrinterColumns ?? [];
  if (custom.length === 0) return [nameColumn, ageColumn];
  return [
    nameColumn,
    ...custom.map((column) => ({
      name: column.name,
      type: column.type,
      ...(column.format === undefined ? {} : { format: column.format }),
      description: column.description ?? "",
      priority: column.priority ?? 0,
      cell: (object: KubeObject, nowMs: number) => {
        const value = printPath(object, column.jsonPath);
        if (value === undefined || value === null) return null;
        if (column.type === "date") return formatAge(value, nowMs);
        return typeof value === "object" ? JSON.stringify(value) : value;
      },
    })),
  ];
}

/** Fills in the names that may be left out, and the status that the real server's controllers would write. */
export function prepareDefinition(body: JsonObject, old: KubeObject | undefined, time: string): JsonObject {
  const spec = body["spec"];
  if (!isJsonObject(spec) || !isJsonObject(spec["names"])) return body;
  const { names } = spec;
  const kind = typeof names["kind"] === "string" ? names["kind"] : "";
  const completeNames = {
    ...names,
    singular: names["singular"] ?? kind.toLowerCase(),
    listKind: names["listKind"] ?? `${kind}List`,
  };
  const versions = Array.isArray(spec["versions"]) ? (spec["versions"] as readonly Json[]) : [];
  const stored = versions.filter((version) => isJsonObject(version) && version["storage"] === true);
  const storedNames = stored.map((version) => getOwn(version as JsonObject, "name") ?? "");
  return {
    ...body,
    spec: { conversion: { strategy: "None" }, ...spec, names: completeNames },
    status:
      old === undefined
        ? {
            conditions: [
              condition(time, "NamesAccepted", "NoConflicts", "no conflicts found"),
              condition(time, "Established", "InitialNamesAccepted", "the initial names have been accepted"),
            ],
            acceptedNames: completeNames,
            storedVersions: storedNames,
          }
        : body["status"],
  };
}

function condition(time: string, type: string, reason: string, message: string): JsonObject {
  return { type, status: "True", lastTransitionTime: time, reason, message };
}

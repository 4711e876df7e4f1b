import { ageColumn, countFields, formatAge, nameColumn, textAt, textColumn, valueAt } from "./columns.ts";
import * as schemas from "./core-schemas.ts";
import { prepareDefinition } from "./custom-resources.ts";
import { validateDefinition } from "./definition-validation.ts";
import { validateEvent, validateLease } from "./machinery-validation.ts";
import { isJsonObject, type JsonObject, type KubeObject } from "./object.ts";
import { allVerbs, statusSubresource, type Column, type Resource } from "./resource.ts";
import { prepareConfigMap, prepareSecret, validateConfigMap, validateSecret } from "./secret-validation.ts";

type Extras = Partial<
  Pick<Resource, "prepare" | "validate" | "selectableFields" | "shortNames" | "categories">
> &
  Partial<Pick<Resource, "hasGeneration" | "needsVersionForUpdate" | "subresources" | "isNamespaced">>;

function builtIn(
  apiVersion: string,
  kind: string,
  plural: string,
  schema: Resource["schema"],
  columns: readonly Column[],
  extras: Extras,
): Resource {
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  return {
    group: group!,
    version: version!,
    apiVersion,
    storageApiVersion: apiVersion,
    plural,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    shortNames: [],
    categories: [],
    isNamespaced: true,
    isCustom: false,
    storage: `${group}/${plural}`,
    verbs: allVerbs,
    subresources: [],
    schema,
    columns,
    selectableFields: [],
    hasGeneration: false,
    needsVersionForUpdate: false,
    ...extras,
  };
}

/** The kinds that are always there. */
export const coreResources: readonly Resource[] = [
  builtIn(
    "v1",
    "Namespace",
    "namespaces",
    schemas.namespaceSchema,
    [
      nameColumn,
      textColumn("Status", "Phase of the namespace.", (object) => textAt(object, "status", "phase")),
      ageColumn,
    ],
    {
      isNamespaced: false,
      shortNames: ["ns"],
      subresources: [statusSubresource],
      selectableFields: ["status.phase"],
      prepare: prepareNamespace,
    },
  ),
  builtIn(
    "v1",
    "Secret",
    "secrets",
    schemas.secretSchema,
    [
      nameColumn,
      textColumn("Type", "Type of the Secret.", (object) => textAt(object, "type")),
      textColumn("Data", "Number of keys.", (object) => String(countFields(object["data"]))),
      ageColumn,
    ],
    { selectableFields: ["type"], prepare: prepareSecret, validate: validateSecret },
  ),
  builtIn(
    "v1",
    "ConfigMap",
    "configmaps",
    schemas.configMapSchema,
    [
      nameColumn,
      textColumn("Data", "Number of keys.", (object) =>
        String(countFields(object["data"]) + countFields(object["binaryData"])),
      ),
      ageColumn,
    ],
    { shortNames: ["cm"], prepare: prepareConfigMap, validate: validateConfigMap },
  ),
  builtIn("v1", "ServiceAccount", "serviceaccounts", schemas.serviceAccountSchema, [nameColumn, ageColumn], {
    shortNames: ["sa"],
    subresources: [{ name: "token", verbs: ["create"] }],
  }),
  builtIn("v1", "Event", "events", schemas.eventSchema, eventColumns(), {
    shortNames: ["ev"],
    validate: validateEvent,
    selectableFields: [
      "involvedObject.kind",
      "involvedObject.namespace",
      "involvedObject.name",
      "involvedObject.uid",
      "involvedObject.apiVersion",
      "involvedObject.resourceVersion",
      "involvedObject.fieldPath",
      "reason",
      "reportingComponent",
      "source",
      "type",
    ],
  }),
  builtIn(
    "coordination.k8s.io/v1",
    "Lease",
    "leases",
    schemas.leaseSchema,
    [
      nameColumn,
      textColumn("Holder", "Who holds the lease.", (object) => textAt(object, "spec", "holderIdentity")),
      ageColumn,
    ],
    { needsVersionForUpdate: true, validate: validateLease },
  ),
  builtIn(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    schemas.definitionSchema,
    [nameColumn, { ...ageColumn, name: "Created At", cell: ({ metadata }) => metadata.creationTimestamp }],
    {
      isNamespaced: false,
      shortNames: ["crd", "crds"],
      categories: ["api-extensions"],
      hasGeneration: true,
      needsVersionForUpdate: true,
      subresources: [statusSubresource],
      prepare: prepareDefinition,
      validate: validateDefinition,
    },
  ),
];

function prepareNamespace(body: JsonObject, old: KubeObject | undefined): JsonObject {
  const metadata = isJsonObject(body["metadata"]) ? body["metadata"] : {};
  const labels = isJsonObject(metadata["labels"]) ? metadata["labels"] : {};
  const name = old?.metadata.name ?? metadata["name"];
  return {
    ...body,
    metadata: { ...metadata, labels: { ...labels, "kubernetes.io/metadata.name": name } },
    spec: old?.["spec"] ?? { finalizers: ["kubernetes"] },
    status: old === undefined ? { phase: "Active" } : body["status"],
  };
}

function eventColumns(): Column[] {
  const age = (object: KubeObject, nowMs: number) => {
    const last =
      valueAt(object, ["series", "lastObservedTime"]) ?? object["lastTimestamp"] ?? object["eventTime"];
    return formatAge(last, nowMs);
  };
  const involved = (object: KubeObject) => {
    const kind = textAt(object, "involvedObject", "kind").toLowerCase();
    const name = textAt(object, "involvedObject", "name");
    return name === "" ? kind : `${kind}/${name}`;
  };
  return [
    textColumn("Last Seen", "Time since the event was seen last.", age),
    textColumn("Type", "Normal or Warning.", (object) => textAt(object, "type")),
    textColumn("Reason", "Why it happened, in one word.", (object) => textAt(object, "reason")),
    textColumn("Object", "What the event is about.", involved),
    textColumn(
      "Subobject",
      "Which part of it.",
      (object) => textAt(object, "involvedObject", "fieldPath"),
      1,
    ),
    textColumn("Source", "Who reports it.", (object) => textAt(object, "source", "component"), 1),
    textColumn("Message", "What happened.", (object) => textAt(object, "message").trim()),
    textColumn(
      "First Seen",
      "Time since it was seen first.",
      (object, nowMs) => formatAge(object["firstTimestamp"] ?? object["eventTime"], nowMs),
      1,
    ),
    textColumn("Count", "How often it was seen.", (object) => textAt(object, "count") || "1", 1),
    { ...nameColumn, priority: 1 },
  ];
}

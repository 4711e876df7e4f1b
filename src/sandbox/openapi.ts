import { reviews } from "./discovery.ts";
import { setOwn, type JsonObject } from "./object.ts";
import type { Registry } from "./registry.ts";
import type { Resource, Verb } from "./resource.ts";

const metaPrefix = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** `/openapi/v3`: where the document of each group version is. */
export function openApiIndex(registry: Registry): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const { group, version } of [...registry.all, ...reviews]) {
    const path = group === "" ? `api/${version}` : `apis/${group}/${version}`;
    paths[path] = { serverRelativeURL: `/openapi/v3/${path}` };
  }
  return { paths };
}

/** The OpenAPI v3 document of one group version, enough for `kubectl explain`, `apply` and their validation. */
export function openApiDocument(registry: Registry, group: string, version: string): JsonObject | undefined {
  const resources = registry.all.filter((item) => item.group === group && item.version === version);
  const hasReviews = reviews.some((item) => item.group === group && item.version === version);
  if (resources.length === 0 && !hasReviews) return undefined;
  const schemas: Record<string, unknown> = { ...metaSchemas };
  const paths: Record<string, JsonObject> = {};
  for (const resource of resources) {
    setOwn(schemas, schemaName(resource), kindSchema(resource));
    const base = `${group === "" ? "/api/v1" : `/apis/${group}/${version}`}${resource.isNamespaced ? "/namespaces/{namespace}" : ""}/${resource.plural}`;
    setOwn(paths, base, collectionPath(resource));
    setOwn(paths, `${base}/{name}`, objectPath(resource));
  }
  return {
    openapi: "3.0.0",
    info: { title: "Keyweir sandbox, not for production", version: "v1.36.0" },
    paths,
    components: { schemas: schemas as JsonObject },
  };
}

function schemaName({ group, version, kind }: Resource): string {
  return `${(group === "" ? "core.api.k8s.io" : group).split(".").toReversed().join(".")}.${version}.${kind}`;
}

function kindOf({ group, version, kind }: Resource): JsonObject {
  return { group, version, kind };
}

function kindSchema(resource: Resource): JsonObject {
  const { properties, ...schema } = resource.schema;
  return {
    ...(schema as unknown as JsonObject),
    type: "object",
    properties: {
      apiVersion: { type: "string", description: "Version of the object's form." },
      kind: { type: "string", description: "Kind of the object." },
      ...(properties as unknown as JsonObject),
      metadata: {
        description: "Standard metadata.",
        allOf: [{ $ref: `#/components/schemas/${metaPrefix}.ObjectMeta` }],
      },
    },
    "x-kubernetes-group-version-kind": [kindOf(resource)],
  };
}

function queryParameter(name: string, type: string): JsonObject {
  return { name, in: "query", schema: { type, uniqueItems: true } };
}

const writeParameters = ["dryRun", "fieldManager", "fieldValidation"].map((name) =>
  queryParameter(name, "string"),
);

const actions: Readonly<Record<Verb, string>> = {
  create: "post",
  update: "put",
  patch: "patch",
  delete: "delete",
  deletecollection: "deletecollection",
  get: "get",
  list: "list",
  watch: "watch",
};

function operation(resource: Resource, verb: Verb): JsonObject {
  const isWrite = verb === "create" || verb === "update" || verb === "patch";
  const parameters = isWrite
    ? writeParameters
    : verb === "delete"
      ? [queryParameter("dryRun", "string")]
      : [];
  const content = {
    "application/json": { schema: { $ref: `#/components/schemas/${schemaName(resource)}` } },
  };
  const body =
    verb === "patch"
      ? {
          requestBody: { content: { "application/json-patch+json": {}, "application/merge-patch+json": {} } },
        }
      : isWrite
        ? { requestBody: { content } }
        : {};
  return {
    operationId: `${verb}${resource.kind}`,
    parameters,
    ...body,
    responses: { "200": { description: "OK", content } },
    "x-kubernetes-action": actions[verb],
    "x-kubernetes-group-version-kind": kindOf(resource),
  };
}

function collectionPath(resource: Resource): JsonObject {
  return { get: operation(resource, "list"), post: operation(resource, "create") };
}

function objectPath(resource: Resource): JsonObject {
  return {
    get: operation(resource, "get"),
    put: operation(resource, "update"),
    patch: operation(resource, "patch"),
    delete: operation(resource, "delete"),
  };
}

const text = (description: string): JsonObject => ({ type: "string", description });
const time = (description: string): JsonObject => ({ type: "string", format: "date-time", description });
const texts = (description: string): JsonObject => ({
  type: "object",
  additionalProperties: { type: "string" },
  description,
});

const metaSchemas: JsonObject = {
  [`${metaPrefix}.ObjectMeta`]: {
    type: "object",
    description: "What every object has.",
    properties: {
      name: text("Name, unique within the namespace and kind."),
      generateName: text("Prefix of a name that the server completes."),
      namespace: text("Namespace of the object."),
      uid: text("Identity of the object for all time."),
      resourceVersion: text("State of the object; changes with every write."),
      generation: { type: "integer", format: "int64", description: "Counts changes of the spec." },
      creationTimestamp: time("When it was created."),
      deletionTimestamp: time("When its deletion was asked for."),
      deletionGracePeriodSeconds: {
        type: "integer",
        format: "int64",
        description: "Time to end, in seconds.",
      },
      labels: texts("Key-value pairs that selectors use."),
      annotations: texts("Key-value pairs that nothing selects by."),
      finalizers: {
        type: "array",
        items: { type: "string" },
        description: "Who has to finish before it goes.",
      },
      ownerReferences: {
        type: "array",
        description: "Objects that it goes with.",
        items: { $ref: `#/components/schemas/${metaPrefix}.OwnerReference` },
      },
      managedFields: {
        type: "array",
        description: "Who changed it.",
        items: { type: "object", additionalProperties: true },
      },
    },
  },
  [`${metaPrefix}.OwnerReference`]: {
    type: "object",
    description: "An object that another one goes with.",
    required: ["apiVersion", "kind", "name", "uid"],
    properties: {
      apiVersion: text("Version of the owner's kind."),
      kind: text("Kind of the owner."),
      name: text("Name of the owner."),
      uid: text("Identity of the owner."),
      controller: { type: "boolean", description: "Whether the owner manages it." },
      blockOwnerDeletion: { type: "boolean", description: "Whether the owner waits for it." },
    },
  },
};

import type { Schema } from "./schema.ts";

const text = (description: string): Schema => ({ type: "string", description });
const flag = (description: string): Schema => ({ type: "boolean", description });
const count = (description: string): Schema => ({ type: "integer", format: "int32", description });
const time = (description: string): Schema => ({ type: "string", format: "date-time", description });
/** `MicroTime`: exactly six digits of a second. */
const microTime = (description: string): Schema => ({ type: "string", format: "micro-time", description });
const record = (description: string, properties: Schema["properties"] = {}): Schema => ({
  type: "object",
  description,
  properties,
});
const mapOf = (additionalProperties: Schema, description: string): Schema => ({
  type: "object",
  description,
  additionalProperties,
});
const listOf = (items: Schema, description: string): Schema => ({ type: "array", description, items });
const open = (description: string): Schema => ({
  type: "object",
  description,
  "x-kubernetes-preserve-unknown-fields": true,
});

const condition = record("One aspect of the state.", {
  type: text("Which aspect."),
  status: text("True, False or Unknown."),
  reason: text("Why, in one word."),
  message: text("Why, in a sentence."),
  lastTransitionTime: time("When the status changed last."),
  observedGeneration: { type: "integer", format: "int64", description: "The generation it is about." },
});

const objectReference = (description: string): Schema =>
  record(description, {
    apiVersion: text("Version of the object's kind."),
    kind: text("Kind of the object."),
    namespace: text("Namespace of the object."),
    name: text("Name of the object."),
    uid: text("Identity of the object."),
    resourceVersion: text("State of the object that is meant."),
    fieldPath: text("Part of the object that is meant."),
  });

/** Fields of a Namespace; like the schemas below without apiVersion, kind and metadata (core/v1 of Kubernetes 1.36). */
export const namespaceSchema: Schema = record("A scope for names.", {
  spec: record("What is wanted of the namespace.", {
    finalizers: listOf(text("Who has to finish first."), "What has to finish before the namespace goes."),
  }),
  status: record("State of the namespace.", {
    phase: text("Active or Terminating."),
    conditions: listOf(condition, "Details of a deletion."),
  }),
});

/** Fields of a Secret; `byte` values are checked to be base64. */
export const secretSchema: Schema = record("Confidential data of at most 1 MiB.", {
  data: mapOf({ type: "string", format: "byte" }, "The values in base64, by key."),
  stringData: mapOf({ type: "string" }, "Values as plain text, written into data; never shown."),
  type: text("What the data is for; decides which keys must be there. It cannot change."),
  immutable: flag("Whether the data may not change any more."),
});

/** Fields of a ConfigMap. */
export const configMapSchema: Schema = record("Configuration data of at most 1 MiB.", {
  data: mapOf({ type: "string" }, "Text values, by key."),
  binaryData: mapOf({ type: "string", format: "byte" }, "Other values in base64, by key."),
  immutable: flag("Whether the data may not change any more."),
});

/** Fields of a ServiceAccount. */
export const serviceAccountSchema: Schema = record("An identity for what runs in the cluster.", {
  secrets: listOf(objectReference("A Secret."), "Secrets that its pods may use."),
  imagePullSecrets: listOf(
    record("A Secret of the namespace.", { name: text("Its name.") }),
    "Secrets for fetching images.",
  ),
  automountServiceAccountToken: flag("Whether pods get a token of it by themselves."),
});

/** Fields of an Event of core/v1. */
export const eventSchema: Schema = record("A report of something that happened.", {
  involvedObject: objectReference("What the event is about."),
  reason: text("Why, in one word."),
  message: text("What happened, in a sentence."),
  source: record("Who reports it.", { component: text("Name of the component."), host: text("Its node.") }),
  firstTimestamp: time("When it was seen first."),
  lastTimestamp: time("When it was seen last."),
  count: count("How often it was seen."),
  type: text("Normal or Warning."),
  eventTime: microTime("When it was seen first."),
  series: record("A series that it stands for.", {
    count: count("How often, up to the last heartbeat."),
    lastObservedTime: microTime("When it was seen last."),
  }),
  action: text("What was done."),
  related: objectReference("Another object of the action."),
  reportingComponent: text("Name of the controller that reports it."),
  reportingInstance: text("Which instance of the controller."),
});

/** Fields of a Lease (coordination.k8s.io/v1). */
export const leaseSchema: Schema = record("A lease, such as leadership.", {
  spec: record("Who holds it and how long.", {
    holderIdentity: text("Who holds the lease."),
    leaseDurationSeconds: count("How long a candidate waits after renewTime before it takes over."),
    acquireTime: microTime("When the present holder got it."),
    renewTime: microTime("When the present holder renewed it last."),
    leaseTransitions: count("How often the holder changed."),
    preferredHolder: text("Who should get it next."),
    strategy: text("How the holder is chosen."),
  }),
});

const definitionVersion = record("One version of the kind.", {
  name: text("Its name, such as v1."),
  served: flag("Whether the API serves it."),
  storage: flag("Whether objects are kept in it; true for exactly one."),
  deprecated: flag("Whether its use brings a warning."),
  deprecationWarning: text("The text of that warning."),
  schema: record("How its objects look.", { openAPIV3Schema: open("A structural OpenAPI v3 schema.") }),
  subresources: record("Separate addresses of parts.", {
    status: open("Serves the status separately."),
    scale: open("Serves the scale separately."),
  }),
  additionalPrinterColumns: listOf(
    record("A column.", {
      name: text("Heading."),
      type: text("Type of the cell."),
      format: text("Format of the cell."),
      description: text("What it shows."),
      priority: count("0 is always shown, more with -o wide."),
      jsonPath: text("Where its value is."),
    }),
    "Columns of kubectl get.",
  ),
  selectableFields: listOf(
    record("A field.", { jsonPath: text("Where it is.") }),
    "Fields that selectors may use.",
  ),
});

const names = record("Names of the kind.", {
  plural: text("In addresses."),
  singular: text("On the command line."),
  kind: text("In objects."),
  listKind: text("Of lists."),
  shortNames: listOf(text("Short name."), "Abbreviations for the command line."),
  categories: listOf(text("Category."), "Groups of kinds, such as all."),
});

/** Fields of a CustomResourceDefinition (apiextensions.k8s.io/v1); its schemas are checked in definition-validation.ts. */
export const definitionSchema: Schema = record("A kind that the API serves in addition.", {
  spec: record("How the kind is served.", {
    group: text("API group of the kind."),
    names,
    scope: text("Namespaced or Cluster."),
    versions: listOf(definitionVersion, "All versions."),
    conversion: record("How versions are converted.", {
      strategy: text("None or Webhook."),
      webhook: open("The webhook."),
    }),
    preserveUnknownFields: flag("Must be false."),
  }),
  status: record("State of the definition.", {
    conditions: listOf(condition, "Whether it is served."),
    acceptedNames: names,
    storedVersions: listOf(text("A version."), "Versions that were ever stored."),
  }),
});

import type { CustomResourceDefinition, JsonSchema } from "./manifest.ts";

/** The label that marks a Secret as written by the synchroniser; reserved, so users may not set it. */
export const managedLabel = "secrets-store.sync.x-k8s.io";

const dnsSubdomain: JsonSchema = {
  type: "string",
  minLength: 1,
  maxLength: 253,
  pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
};

// Exponential in a backtracking engine: for the API server (RE2) only, never for JavaScript's RegExp.
const pathPattern = "^[A-Za-z0-9.]([-A-Za-z0-9]+([-._a-zA-Z0-9]?[A-Za-z0-9])*)?(\\/([0-9]+))*$";
const forcePattern = "^[A-Za-z0-9]([-A-Za-z0-9]+([-._a-zA-Z0-9]?[A-Za-z0-9])*)?$";

const condition: JsonSchema = {
  type: "object",
  required: ["lastTransitionTime", "message", "reason", "status", "type"],
  properties: {
    type: { type: "string", maxLength: 316, description: "Create, Update or Ready." },
    status: { type: "string", enum: ["True", "False", "Unknown"] },
    reason: {
      type: "string",
      minLength: 1,
      maxLength: 1024,
      pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
    },
    message: { type: "string", maxLength: 32768 },
    lastTransitionTime: { type: "string", format: "date-time" },
    observedGeneration: { type: "integer", format: "int64", minimum: 0 },
  },
};

const spec: JsonSchema = {
  type: "object",
  description: "What to read and where to write it.",
  required: ["secretObject", "secretProviderClassName", "serviceAccountName"],
  properties: {
    secretSyncControllerName: {
      type: "string",
      default: "",
      description: "Accepted for compatibility; not used.",
    },
    secretProviderClassName: {
      ...dnsSubdomain,
      description: "The SecretProviderClass in the same namespace that names the vault and its objects.",
    },
    serviceAccountName: {
      ...dnsSubdomain,
      description: "The ServiceAccount in the same namespace whose token proves the identity to the vault.",
    },
    secretObject: {
      type: "object",
      description: "The Secret to keep in step. It has the SecretSync's own name and namespace.",
      required: ["data"],
      properties: {
        type: {
          type: "string",
          default: "Opaque",
          maxLength: 253,
          description: "The type of the Secret. It cannot change once the Secret exists.",
        },
        data: {
          type: "array",
          minItems: 1,
          description: "Which fetched object goes into which key.",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["targetKey"],
          items: {
            type: "object",
            required: ["sourcePath", "targetKey"],
            properties: {
              sourcePath: {
                type: "string",
                minLength: 1,
                maxLength: 253,
                pattern: pathPattern,
                description:
                  "objectAlias, or else objectName, of the SecretProviderClass; /0, /1 … for versions.",
              },
              targetKey: {
                type: "string",
                minLength: 1,
                maxLength: 253,
                pattern: pathPattern,
                description: "The key in the Secret's data.",
              },
            },
          },
        },
        labels: {
          type: "object",
          additionalProperties: { type: "string" },
          description: "Labels of the Secret.",
          "x-kubernetes-validations": [
            {
              rule: "self.all(key, key.size() <= 317 && self[key].size() <= 63)",
              message:
                "Label keys must not exceed 317 characters (254 for prefix+separator, 63 for name), label values must not exceed 63 characters.",
            },
            {
              rule: `self.all(key, !key.startsWith('${managedLabel}'))`,
              message: `Labels should not contain ${managedLabel}. This key is reserved for the controller.`,
            },
          ],
        },
        annotations: {
          type: "object",
          additionalProperties: { type: "string" },
          description: "Annotations of the Secret.",
          "x-kubernetes-validations": [
            {
              rule: "self.all(key, key.size() < 317 && self[key].size() <= 262144)",
              message:
                "Annotations keys must not exceed 317 characters (254 for prefix+separator, 63 for name), annotation values must not exceed 256 kB.",
            },
            {
              rule: `self.all(key, !key.startsWith('${managedLabel}'))`,
              message: `Annotations should not contain ${managedLabel}. This key is reserved for the controller.`,
            },
          ],
        },
      },
    },
    forceSynchronization: {
      type: "string",
      maxLength: 253,
      pattern: forcePattern,
      description:
        "Has no meaning of its own: change it to any other value and the Secret is synchronised now.",
    },
  },
};

const names: JsonSchema = { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "atomic" };

const status: JsonSchema = {
  type: "object",
  description: "What happened. Never holds a value.",
  properties: {
    conditions: {
      type: "array",
      maxItems: 16,
      items: condition,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
    },
    lastSuccessfulSyncTime: {
      type: "string",
      format: "date-time",
      description: "When the Secret was last written with a change.",
    },
    syncHash: {
      type: "string",
      description: "A keyed hash of what was written; comparable only within this installation.",
    },
    observedGeneration: {
      type: "integer",
      format: "int64",
      description: "The metadata.generation that the last attempt looked at.",
    },
    lastAttemptTime: { type: "string", format: "date-time" },
    nextSyncTime: {
      type: "string",
      format: "date-time",
      description: "When the vault is asked next.",
    },
    secretProviderClass: {
      type: "object",
      description: "The SecretProviderClass that the last attempt looked at.",
      properties: { uid: { type: "string" }, generation: { type: "integer", format: "int64" } },
    },
    secret: {
      type: "object",
      description: "The Secret that was written, and what of it is ours: names only.",
      properties: {
        name: { type: "string" },
        uid: { type: "string" },
        creationTimestamp: { type: "string", format: "date-time" },
        resourceVersion: { type: "string" },
        keys: names,
        labels: names,
        annotations: names,
      },
    },
    objects: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["targetKey"],
      items: {
        type: "object",
        required: ["targetKey"],
        properties: {
          sourcePath: { type: "string" },
          targetKey: { type: "string" },
          type: { type: "string", description: "secret, key or cert." },
          version: { type: "string", description: "The version in the vault." },
          syncedAt: {
            type: "string",
            format: "date-time",
            description: "When this version was first written.",
          },
          reason: { type: "string", description: "Synced, or the error class of the last attempt." },
          message: { type: "string" },
        },
      },
    },
  },
};

/** SecretSync, secret-sync.x-k8s.io/v1alpha1: every manifest for the Secret Store extension is accepted unchanged. */
export const secretSyncCrd: CustomResourceDefinition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "secretsyncs.secret-sync.x-k8s.io" },
  spec: {
    group: "secret-sync.x-k8s.io",
    scope: "Namespaced",
    names: {
      kind: "SecretSync",
      listKind: "SecretSyncList",
      plural: "secretsyncs",
      singular: "secretsync",
      shortNames: ["ss"],
      categories: ["keyweir"],
    },
    versions: [
      {
        name: "v1alpha1",
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
          { name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
          { name: "Synced", type: "date", jsonPath: ".status.lastSuccessfulSyncTime" },
          { name: "Next", type: "string", jsonPath: ".status.nextSyncTime", priority: 1 },
          { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
        ],
        schema: {
          openAPIV3Schema: {
            type: "object",
            description: "Keeps one Kubernetes Secret in step with objects of an Azure Key Vault.",
            required: ["spec"],
            properties: {
              apiVersion: { type: "string" },
              kind: { type: "string" },
              metadata: { type: "object" },
              spec,
              status,
            },
          },
        },
      },
    ],
  },
};

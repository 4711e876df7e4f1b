import type { CustomResourceDefinition, KubeObject } from "../../src/kube/objects.ts";
import type { Resource } from "../../src/kube/resources.ts";

/** A custom resource with every feature of the schemas of Keyweir's own: the subject of the contract suite. */
export interface Widget extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

export const widgets: Resource<Widget> = {
  group: "contract.keyweir.dev",
  version: "v1alpha1",
  plural: "widgets",
  kind: "Widget",
  namespaced: true,
};

/** The smallest spec that is valid. */
export const plainSpec = { className: "plain", object: { data: [{ source: "a", target: "b" }] } };

const className = {
  type: "string",
  minLength: 1,
  maxLength: 253,
  pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
};

const spec = {
  type: "object",
  required: ["className", "object"],
  properties: {
    className,
    controller: { type: "string", default: "" },
    force: { type: "string", maxLength: 253, pattern: "^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$" },
    mode: { type: "string", enum: ["slow", "fast"] },
    size: { type: "integer", minimum: 0, maximum: 10 },
    ratio: { type: "number" },
    port: { "x-kubernetes-int-or-string": true },
    note: { type: "string", nullable: true },
    free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    parameters: { type: "object", additionalProperties: { type: "string" } },
    object: {
      type: "object",
      required: ["data"],
      properties: {
        type: { type: "string", default: "Opaque", maxLength: 253 },
        labels: { type: "object", additionalProperties: { type: "string" } },
        data: {
          type: "array",
          minItems: 1,
          maxItems: 4,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["target"],
          items: {
            type: "object",
            required: ["source", "target"],
            properties: {
              source: { type: "string", minLength: 1 },
              target: { type: "string", minLength: 1 },
            },
          },
        },
      },
    },
  },
};

const condition = {
  type: "object",
  required: ["type", "status", "reason", "message", "lastTransitionTime"],
  properties: {
    type: { type: "string", maxLength: 316 },
    status: { type: "string", enum: ["True", "False", "Unknown"] },
    reason: { type: "string", minLength: 1, maxLength: 1024 },
    message: { type: "string", maxLength: 32768 },
    lastTransitionTime: { type: "string", format: "date-time" },
    observedGeneration: { type: "integer", format: "int64", minimum: 0 },
  },
};

const status = {
  type: "object",
  properties: {
    hash: { type: "string" },
    syncedAt: { type: "string", format: "date-time", nullable: true },
    conditions: {
      type: "array",
      maxItems: 16,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
      items: condition,
    },
  },
};

/** The definition of {@link widgets}. */
export const widgetDefinition: CustomResourceDefinition = definition("Widget", "widgets", true);

/** A definition of the same shape under another name. */
export function definition(kind: string, plural: string, hasStatus: boolean): CustomResourceDefinition {
  const version = {
    name: "v1alpha1",
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: "object", properties: { spec, status } } },
    ...(hasStatus ? { subresources: { status: {} } } : {}),
    additionalPrinterColumns: [{ name: "Class", type: "string", jsonPath: ".spec.className" }],
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.contract.keyweir.dev` },
    spec: {
      group: "contract.keyweir.dev",
      scope: "Namespaced",
      names: { plural, kind, singular: kind.toLowerCase(), listKind: `${kind}List` } as never,
      versions: [version],
    },
  };
}

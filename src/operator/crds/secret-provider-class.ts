import type { CrdVersion, CustomResourceDefinition } from "./manifest.ts";

function version(
  name: string,
  flags: { readonly storage: boolean; readonly deprecated?: boolean },
): CrdVersion {
  return {
    name,
    served: true,
    ...flags,
    schema: {
      openAPIV3Schema: {
        type: "object",
        description: "Names a vault and the objects to fetch from it.",
        properties: {
          apiVersion: { type: "string" },
          kind: { type: "string" },
          metadata: { type: "object" },
          spec: {
            type: "object",
            properties: {
              provider: { type: "string", description: "azure" },
              parameters: {
                type: "object",
                description:
                  "keyvaultName, tenantID, clientID and objects, among others: docs/parameters.md.",
                additionalProperties: { type: "string" },
              },
              secretObjects: {
                type: "array",
                description: "For the Secrets Store CSI driver; a SecretSync does not look at it.",
                items: {
                  type: "object",
                  properties: {
                    secretName: { type: "string" },
                    type: { type: "string" },
                    labels: { type: "object", additionalProperties: { type: "string" } },
                    annotations: { type: "object", additionalProperties: { type: "string" } },
                    data: {
                      type: "array",
                      items: {
                        type: "object",
                        properties: { objectName: { type: "string" }, key: { type: "string" } },
                      },
                    },
                  },
                },
              },
            },
          },
          status: {
            type: "object",
            properties: {
              byPod: {
                type: "array",
                items: {
                  type: "object",
                  properties: { id: { type: "string" }, namespace: { type: "string" } },
                },
              },
            },
          },
        },
      },
    },
  };
}

/** SecretProviderClass, secrets-store.csi.x-k8s.io/v1, as the Secrets Store CSI driver defines it. */
export const secretProviderClassCrd: CustomResourceDefinition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "secretproviderclasses.secrets-store.csi.x-k8s.io" },
  spec: {
    group: "secrets-store.csi.x-k8s.io",
    scope: "Namespaced",
    names: {
      kind: "SecretProviderClass",
      listKind: "SecretProviderClassList",
      plural: "secretproviderclasses",
      singular: "secretproviderclass",
    },
    versions: [version("v1", { storage: true }), version("v1alpha1", { storage: false, deprecated: true })],
  },
};

import type { MountRequest } from "../../src/provider/client.ts";
import { canaryToken } from "./canary.ts";

/** What a Mount is made of in tests; the rest is that of a valid request of a stock driver. */
export interface MountParts extends Partial<Omit<MountRequest, "attributes" | "secrets">> {
  /** Replace or (undefined) remove attributes. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly secrets?: Readonly<Record<string, unknown>>;
  /** Each becomes a block text of the `objects` parameter. */
  readonly objects?: readonly Readonly<Record<string, string | number>>[];
}

/** A Mount as the driver or the controller sends it, for workload identity with a planted token. */
export function mountRequest({
  attributes,
  secrets = {},
  objects = [],
  ...rest
}: MountParts = {}): MountRequest {
  return {
    attributes: JSON.stringify({
      "csi.storage.k8s.io/pod.name": "web-0",
      "csi.storage.k8s.io/pod.namespace": "shop",
      "csi.storage.k8s.io/serviceAccount.name": "web",
      "csi.storage.k8s.io/serviceAccount.tokens": JSON.stringify({
        "api://AzureADTokenExchange": { token: canaryToken, expirationTimestamp: "2026-01-01T00:10:00Z" },
      }),
      keyvaultName: "demo",
      tenantID: "tenant-1",
      clientID: "client-1",
      objects: objectsYaml(objects),
      ...attributes,
    }),
    secrets: JSON.stringify(secrets),
    targetPath: "/mnt/secrets-store",
    permission: "420",
    currentObjectVersion: [],
    requestedPaths: [],
    partial: false,
    lane: "",
    ...rest,
  };
}

/** The `objects` parameter as its documentation writes it. */
export function objectsYaml(objects: readonly Readonly<Record<string, string | number>>[]): string {
  const items = objects.map((object) => {
    const lines = Object.entries(object).map(([name, value]) => `    ${name}: ${value}\n`);
    return `  - |\n${lines.join("")}`;
  });
  return `array:\n${items.join("")}`;
}

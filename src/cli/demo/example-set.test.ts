import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../core/virtual-clock.ts";
import { seededRandom } from "../../core/random.ts";
import { createKubeClient } from "../../kube/client.ts";
import { handlerTransport } from "../../kube/handler-transport.ts";
import { secretSyncs } from "../../operator/secret-sync/secret-sync.ts";
import { createSandbox } from "../../sandbox/index.ts";
import { createAll, examplesFolder, keyweirManifests, readManifests } from "../manifests.ts";
import { exampleSet, federatedCredentials } from "./example-set.ts";

describe("the examples", () => {
  const objects = readManifests(examplesFolder);
  const set = exampleSet(objects);

  test("say which secrets each SecretSync reads", () => {
    expect(set.syncs.map(({ name, secretNames }) => [name, ...secretNames])).toEqual([
      ["shop/db", "db-user", "db-password"],
      ["shop/api-token", "api-token"],
      ["billing/stripe", "stripe-key"],
      ["billing/mirror", "db-user", "db-password"],
    ]);
  });

  test("name one vault, one tenant and all secrets", () => {
    expect(set).toMatchObject({
      vaultName: "demo",
      tenantId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      secretNames: ["db-user", "db-password", "api-token", "stripe-key"],
      namespaces: ["shop", "billing"],
    });
  });

  test("need one federated credential for each service account", () => {
    const credentials = federatedCredentials(set, "https://issuer.example");
    expect(credentials.map(({ subject }) => subject)).toEqual([
      "system:serviceaccount:shop:db-reader",
      "system:serviceaccount:shop:api-reader",
      "system:serviceaccount:billing:billing-reader",
    ]);
    expect(new Set(credentials.map(({ clientId }) => clientId)).size).toBe(2);
    expect(credentials.every(({ issuer }) => issuer === "https://issuer.example")).toBe(true);
  });

  test("are accepted by a cluster that has Keyweir's CRDs", async () => {
    const [clock, random] = [new VirtualClock(), seededRandom(1)];
    using sandbox = createSandbox({ clock, random });
    const kube = createKubeClient({ transport: handlerTransport(sandbox.handler), clock, random });
    await createAll(kube, [...keyweirManifests, ...objects]);
    const { items } = await kube.list(secretSyncs);
    expect(items).toHaveLength(4);
  });
});

test("an object of a kind that nobody knows is refused with the kinds that are", async () => {
  const kube = createKubeClient({
    transport: handlerTransport(() => new Response("{}")),
    clock: new VirtualClock(),
    random: seededRandom(1),
  });
  const deployment = { kind: "Deployment", metadata: { name: "web" } };
  await expect(createAll(kube, [deployment])).rejects.toThrow("Deployment is not a kind that the demo knows");
});

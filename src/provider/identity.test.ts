import { describe, expect, test } from "vitest";
import { canaryToken, canaryValue } from "../../test/support/canary.ts";
import { providerScene, secret } from "../../test/support/provider-scene.ts";

const tokensKey = "csi.storage.k8s.io/serviceAccount.tokens";
const tokens = (audience: string) => JSON.stringify({ [audience]: { token: canaryToken } });

test.each([
  ["workload identity", {}, {}, { kind: "workload", clientId: "client-1", assertion: canaryToken }],
  [
    "identity binding",
    { useAzureTokenProxy: "true", [tokensKey]: tokens("api://AKSIdentityBinding") },
    {},
    { kind: "identityBinding", clientId: "client-1", assertion: canaryToken },
  ],
  [
    "system-assigned managed identity",
    { useVMManagedIdentity: "true", [tokensKey]: undefined },
    {},
    { kind: "managedIdentity" },
  ],
  [
    "user-assigned managed identity",
    { useVMManagedIdentity: "true", userAssignedIdentityID: "mine" },
    {},
    { kind: "managedIdentity", clientId: "mine" },
  ],
  [
    "service principal with a secret",
    { clientID: undefined },
    { ClientId: " sp ", CLIENTSECRET: canaryValue },
    { kind: "servicePrincipal", tenantId: "tenant-1", clientId: "sp", clientSecret: canaryValue },
  ],
  [
    "service principal with a certificate",
    { clientID: undefined },
    { clientid: "sp", clientcertificate: "PEM" },
    { kind: "servicePrincipalCertificate", clientId: "sp", certificatePem: "PEM", privateKeyPem: "PEM" },
  ],
])("%s is recognised", async (_name, attributes, secrets, expected) => {
  const { vault, mount } = providerScene();
  vault.addSecret("a", { value: "1" });
  await mount({ objects: [secret("a")], attributes, secrets });
  expect(vault.requests[0]?.identity).toMatchObject(expected);
});

describe("an identity that is not complete is refused", () => {
  test.each([
    [{ [tokensKey]: undefined }, {}, "mode workload identity: service account tokens not found"],
    [{ [tokensKey]: `{${canaryToken}` }, {}, "service account tokens are not valid JSON"],
    [{ [tokensKey]: `["${canaryToken}"]` }, {}, "must be an object by audience, got a list"],
    [{ [tokensKey]: tokens("other") }, {}, "token for audience api://AzureADTokenExchange not found"],
    [{ [tokensKey]: '{"api://AzureADTokenExchange":{"token":7}}' }, {}, "token for audience"],
    [{ [tokensKey]: '{"api://AzureADTokenExchange":null}' }, {}, "token for audience"],
    [{ "csi.storage.k8s.io/serviceAccount.name": undefined }, {}, "service account name is not provided"],
    [{ useAzureTokenProxy: "1", clientID: "" }, {}, "clientID is required for identity binding"],
    [{ useAzureTokenProxy: "1" }, {}, "token for audience api://AKSIdentityBinding not found"],
    [{ usePodIdentity: "1" }, {}, "mode pod identity: Azure retired it"],
    [{ clientID: "" }, {}, "nodePublishSecretRef secret is not set. For workload identity set clientID"],
    [{ clientID: "" }, { user: canaryValue }, "could not find clientid in secrets"],
    [{ clientID: "" }, { clientid: "a", password: canaryValue }, "could not find clientsecret in secrets"],
    [
      { clientID: "" },
      { clientid: { a: 1 }, clientsecret: canaryValue },
      "could not find clientid in secrets",
    ],
  ])("%j with secrets %j", async (attributes, secrets, expected) => {
    const { vault, mountError } = providerScene();
    const error = await mountError({ objects: [secret("a")], attributes, secrets });
    expect(error).toMatchObject({ code: "BadParameters", retryable: false });
    expect(error.message).toContain("failed to build auth config for mode");
    expect(error.message).toContain(expected);
    expect(vault.calls).toEqual([]);
  });
});

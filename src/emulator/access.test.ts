import { describe, expect, test } from "vitest";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { canaryValue } from "../../test/support/canary.ts";
import { holdToken } from "../../test/support/emulator-requests.ts";
import { createEmulator, type AuditRecord, type VaultSpec } from "./index.ts";

const clientId = "22222222-2222-4222-8222-222222222222";
const requests = {
  "read a secret": ["GET", "/secrets/db"],
  "list secrets": ["GET", "/secrets"],
  "set a secret": ["PUT", "/secrets/db", { value: "x" }],
  "delete a secret": ["DELETE", "/secrets/db"],
  "create a key": ["POST", "/keys/k/create", { kty: "EC" }],
  "read a key": ["GET", "/keys/present"],
  "list certificates": ["GET", "/certificates"],
} as const;

async function newScene(spec: Omit<VaultSpec, "name">) {
  const records: AuditRecord[] = [];
  const emulator = createEmulator({
    vaults: [{ name: "demo", ...spec }, { name: "free" }],
    clients: [{ clientId, clientSecret: "x" }],
    clock: new VirtualClock(),
    random: seededRandom(1),
    onAuditRecord: (record) => records.push(record),
  });
  emulator.vault("demo").setSecret("db", canaryValue);
  emulator.vault("demo").setSecret("other", canaryValue);
  return { records, holder: await holdToken(emulator, "demo") };
}

async function whatIsAllowed(spec: Omit<VaultSpec, "name">): Promise<string[]> {
  const { holder } = await newScene(spec);
  const allowed: string[] = [];
  for (const [name, [method, path, body]] of Object.entries(requests)) {
    const response = await holder.send(method, path, body);
    if (response.status !== 403) allowed.push(name);
  }
  return allowed;
}

describe("a vault with role-based access", () => {
  test.each([
    ["Key Vault Administrator", Object.keys(requests)],
    ["Key Vault Reader", ["list secrets", "read a key", "list certificates"]],
    ["Key Vault Secrets User", ["read a secret", "list secrets"]],
    ["Key Vault Secrets Officer", ["read a secret", "list secrets", "set a secret", "delete a secret"]],
    ["Key Vault Crypto User", ["read a key"]],
    ["Key Vault Crypto Officer", ["create a key", "read a key"]],
    ["Key Vault Certificates Officer", ["list certificates"]],
    ["Key Vault Certificate User", ["read a secret", "list secrets", "read a key", "list certificates"]],
  ] as const)("lets a %s do what that role may", async (role, expected) => {
    expect(await whatIsAllowed({ access: { kind: "rbac", assignments: [{ clientId, role }] } })).toEqual(
      expected,
    );
  });

  test("keeps an assignment on one secret to that secret", async () => {
    const assignments = [{ clientId, role: "Key Vault Secrets User", scope: "secrets/db" }] as const;
    const { holder } = await newScene({ access: { kind: "rbac", assignments } });
    const response = await holder.send("GET", "/secrets/DB");
    expect(response.status).toBe(200);
    expect(response.headers.get("x-ms-keyvault-rbac-assignment-id")).toMatch(/^[0-9a-f]{32}$/);
    expect((await holder.send("GET", "/secrets/other")).status).toBe(403);
    expect((await holder.send("GET", "/secrets")).status).toBe(403);
  });

  test("explains a refusal as the service does, and logs it", async () => {
    const { holder, records } = await newScene({ access: { kind: "rbac", assignments: [] } });
    const response = await holder.send("GET", "/secrets/db");
    const body = (await response.json()) as { error: { code: string; message: string; innererror: unknown } };
    expect(body.error.code).toBe("Forbidden");
    expect(body.error.innererror).toEqual({ code: "ForbiddenByRbac" });
    expect(body.error.message).toMatch(
      new RegExp(
        `^Caller is not authorized to perform action on resource\\.\\r\\n.*\\r\\nCaller: appid=${clientId};oid=.*\\r\\n` +
          "Action: 'Microsoft\\.KeyVault/vaults/secrets/getSecret/action'\\r\\n" +
          "Resource: '/subscriptions/.*/vaults/demo/secret/db'\\r\\nAssignment: \\(not found\\)\\r\\n",
      ),
    );
    expect(records.at(-1)).toMatchObject({
      resultType: "Forbidden",
      properties: { isRbacAuthorized: false },
    });
  });
});

describe("a vault with access policies", () => {
  test("lets a client do what its policy says", async () => {
    const policies = [{ clientId: clientId.toUpperCase(), secrets: ["Get", "set"], keys: ["all"] }];
    expect(await whatIsAllowed({ access: { kind: "policies", policies } })).toEqual([
      "read a secret",
      "set a secret",
      "create a key",
      "read a key",
    ]);
  });

  test("explains a refusal as the service does", async () => {
    const { holder } = await newScene({ access: { kind: "policies", policies: [] } });
    expect(await (await holder.send("GET", "/secrets/db")).json()).toMatchObject({
      error: {
        message: expect.stringContaining(
          "does not have secrets get permission on key vault 'demo;location=westeurope'",
        ),
        innererror: { code: "ForbiddenByPolicy" },
      },
    });
  });
});

describe("a firewall", () => {
  test.each([
    [{ kind: "selected", addresses: ["127.0.0.1"] }, 200, undefined],
    [{ kind: "selected", addresses: ["10.0.0.0/8", "127.0.0.0/30"] }, 200, undefined],
    [{ kind: "selected", addresses: ["10.0.0.0/8", "::1"] }, 403, "ForbiddenByFirewall"],
    [{ kind: "selected", addresses: [] }, 403, "ForbiddenByFirewall"],
    [{ kind: "private" }, 403, "ForbiddenByConnection"],
  ] as const)("with the rules %j answers %d", async (firewall, status, innerCode) => {
    const { holder } = await newScene({ firewall });
    const response = await holder.send("GET", "/secrets/db");
    const { error } = (await response.json()) as { error?: { innererror: { code: string } } };
    expect(response.status).toBe(status);
    expect(error?.innererror.code).toBe(innerCode);
  });

  test.each(["10.0.0.0/x", "10.0.0.0/33", "nowhere", ""])("refuses the rule %j", async (address) => {
    await expect(newScene({ firewall: { kind: "selected", addresses: [address] } })).rejects.toThrow(
      "is no address",
    );
  });
});

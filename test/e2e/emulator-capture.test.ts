import { execFile } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canaryToken, canaryValue, expectNoCanary } from "../support/canary.ts";
import { checkoutRoot } from "../support/checkout.ts";
import { endAllProcesses, startKeyweir, type KeyweirProcess } from "../support/keyweir-process.ts";
import { runPython } from "../support/python-environment.ts";

const run = promisify(execFile);
const program = fileURLToPath(new URL("../support/programs/write-and-read.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "keyweir-capture-"));
const federatedClient = "22222222-2222-4222-8222-222222222222";
const issuer = "https://cluster.example";
const subject = "system:serviceaccount:shop:checkout";
const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });

interface Ready {
  readonly tenantId: string;
  readonly clients: readonly { readonly clientId: string; readonly clientSecret: string }[];
  readonly caFile: string;
  readonly proxy: string;
  readonly imds: string;
  readonly identity: { readonly endpoint: string; readonly header: string };
}

let emulator: KeyweirProcess;
let ready: Ready;
/** The two variables that make clients use the emulator. */
let capture: Readonly<Record<string, string>>;

beforeAll(async () => {
  const jwks = { keys: [{ ...keys.publicKey.export({ format: "jwk" }), kid: "one" }] };
  writeFileSync(join(folder, "jwks.json"), JSON.stringify(jwks));
  const federation = [
    "credentials:",
    `  - {clientId: ${federatedClient}, issuer: "${issuer}", subject: "${subject}"}`,
    "issuers:",
    `  ${issuer}: {jwksFile: jwks.json}`,
  ];
  writeFileSync(join(folder, "federation.yaml"), federation.join("\n"));
  const flags = ["--capture-port", "0", "--imds-port", "0", "--federation", join(folder, "federation.yaml")];
  emulator = startKeyweir(["emulator", "--vaults", "demo,python", "--output", "json", ...flags], {
    TMPDIR: folder,
  });
  ready = JSON.parse(await emulator.firstLine()) as Ready;
  capture = { HTTPS_PROXY: ready.proxy, NODE_EXTRA_CA_CERTS: ready.caFile };
});

afterAll(async () => {
  emulator.signal("SIGTERM");
  const { code } = await emulator.exited;
  await endAllProcesses();
  rmSync(folder, { recursive: true });
  expect(code).toBe(0);
  expectNoCanary(emulator.stdout() + emulator.stderr());
});

/** Runs the application in a process that has these variables and no others. */
async function runProgram(
  kind: string,
  environment: Readonly<Record<string, string>>,
  vault = "demo",
): Promise<unknown> {
  const { stdout } = await run(process.execPath, [program, kind, vault, canaryValue], {
    cwd: checkoutRoot,
    env: environment,
    timeout: 60_000,
  });
  expectNoCanary(stdout);
  return JSON.parse(stdout);
}

const success = { read: true, host: "demo.vault.azure.net" };

describe("an application that knows only the real host names", () => {
  const secretVariables = () => ({
    AZURE_TENANT_ID: ready.tenantId,
    AZURE_CLIENT_ID: ready.clients[0]!.clientId,
    AZURE_CLIENT_SECRET: ready.clients[0]!.clientSecret,
  });

  test.each(["secret", "default"])(
    "in JavaScript writes and reads a secret (%s credential)",
    async (kind) => {
      expect(await runProgram(kind, { ...capture, ...secretVariables() })).toEqual(success);
    },
  );

  test("in Python writes and reads a secret", async () => {
    const { AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET } = secretVariables();
    const output = await runPython(
      "capture_flow.py",
      [AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, canaryValue],
      { HTTPS_PROXY: ready.proxy, REQUESTS_CA_BUNDLE: ready.caFile },
    );
    expectNoCanary(output);
    expect(JSON.parse(output)).toEqual({ read: true, host: "python.vault.azure.net" });
  });

  test("is told when the emulator has no such vault", async () => {
    expect(await runProgram("secret", { ...capture, ...secretVariables() }, "nobody")).toEqual({
      error: expect.stringContaining("The emulator has no vault named nobody"),
    });
  });

  test("with a wrong secret is refused as by Entra", async () => {
    const wrong = { ...capture, ...secretVariables(), AZURE_CLIENT_SECRET: canaryToken };
    expect(await runProgram("secret", wrong)).toEqual({ error: expect.stringContaining("AADSTS7000215") });
  });
});

describe("an application with a managed identity", () => {
  test("asks IMDS at the address that AZURE_POD_IDENTITY_AUTHORITY_HOST names", async () => {
    const imds = { AZURE_POD_IDENTITY_AUTHORITY_HOST: ready.imds, NO_PROXY: "127.0.0.1" };
    expect(await runProgram("managed", { ...capture, ...imds })).toEqual(success);
  });

  test("asks IMDS at its real address through the proxy", async () => {
    expect(await runProgram("managed", capture)).toEqual(success);
  });

  test("asks the endpoint of App Service", async () => {
    const { endpoint, header } = ready.identity;
    const appService = { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header, NO_PROXY: "127.0.0.1" };
    expect(await runProgram("managed", { ...capture, ...appService })).toEqual(success);
    const wrong = { ...appService, IDENTITY_HEADER: canaryToken };
    expect(await runProgram("managed", { ...capture, ...wrong })).toEqual({
      error: expect.stringContaining("X-IDENTITY-HEADER"),
    });
  });
});

describe("an application with workload identity and the federation file", () => {
  const workload = (name: string, claims: Readonly<Record<string, unknown>> = {}) => {
    const path = join(folder, name);
    writeFileSync(path, serviceAccountToken(claims));
    return {
      ...capture,
      AZURE_TENANT_ID: ready.tenantId,
      AZURE_CLIENT_ID: federatedClient,
      AZURE_FEDERATED_TOKEN_FILE: path,
    };
  };

  test("writes and reads a secret with its service account's token", async () => {
    expect(await runProgram("workload", workload("token"))).toEqual(success);
  });

  test.each([
    ["of another service account", { sub: "system:serviceaccount:shop:other" }, "AADSTS700213"],
    ["of another issuer", { iss: "https://other.example" }, "AADSTS700211"],
    ["for another audience", { aud: ["https://kubernetes.default.svc"] }, "AADSTS700212"],
    ["that has expired", { exp: 1_000 }, "AADSTS700024"],
  ])("with a token %s is refused as by Entra", async (_what, claims, code) => {
    expect(await runProgram("workload", workload("wrong-token", claims))).toEqual({
      error: expect.stringContaining(code),
    });
  });
});

function serviceAccountToken(claims: Readonly<Record<string, unknown>>): string {
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const seconds = Math.floor(Date.now() / 1000);
  const all = {
    iss: issuer,
    sub: subject,
    aud: ["api://AzureADTokenExchange"],
    nbf: seconds,
    exp: seconds + 3600,
    jti: canaryToken,
    ...claims,
  };
  const text = `${encode({ alg: "RS256", kid: "one", typ: "JWT" })}.${encode(all)}`;
  return `${text}.${sign("sha256", Buffer.from(text), keys.privateKey).toString("base64url")}`;
}

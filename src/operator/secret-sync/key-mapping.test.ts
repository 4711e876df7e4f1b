import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { canaryValue, expectNoCanary } from "../../../test/support/canary.ts";
import type { MountResponse, ObjectResult } from "../../provider/client.ts";
import { mapKeys, objectStatuses } from "./key-mapping.ts";
import { SyncFailure } from "./outcome.ts";
import type { SecretSyncSpec } from "./secret-sync.ts";

const certificatePem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
const keys = {
  rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
  ec: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
  ed25519: generateKeyPairSync("ed25519").privateKey,
};

function spec(type: string, data: SecretSyncSpec["secretObject"]["data"]): SecretSyncSpec {
  return { secretProviderClassName: "vault", serviceAccountName: "reader", secretObject: { type, data } };
}

function response(
  files: Record<string, string>,
  results: readonly Partial<ObjectResult>[] = [],
): MountResponse {
  return {
    objectVersion: [],
    error: undefined,
    files: Object.entries(files).map(([path, text]) => ({ path, mode: 0o644, contents: Buffer.from(text) })),
    results: results.map((result) => ({
      type: "secret",
      name: "",
      paths: [],
      ok: true,
      version: "",
      code: "",
      message: "",
      retryAfterMs: 0,
      ...result,
    })),
  };
}

function failureOf(work: () => unknown): SyncFailure {
  try {
    work();
  } catch (error) {
    if (error instanceof SyncFailure) return error;
  }
  throw new Error("the mapping did not fail");
}

describe("mapping files to keys", () => {
  test("copies the bytes of each source path to its key", () => {
    const items = mapKeys(
      spec("Opaque", [{ sourcePath: " db-password ", targetKey: "password" }]),
      response({ "db-password": "s3cret" }),
    );
    expect(items.map((mapped) => mapped.kind === "fetched" && Buffer.from(mapped.bytes).toString())).toEqual([
      "s3cret",
    ]);
  });

  test("an object that could not be fetched is an answer for its items", () => {
    const items = mapKeys(
      spec("Opaque", [
        { sourcePath: "good", targetKey: "a" },
        { sourcePath: "bad", targetKey: "b" },
      ]),
      response({ good: "1" }, [
        { name: "bad", paths: ["bad"], ok: false, code: "NotFound", message: "no such" },
      ]),
    );
    expect(items.map((mapped) => mapped.kind)).toEqual(["fetched", "missing"]);
  });

  test("a source path that no object produces is the user's error and names the path and the class", () => {
    const failure = failureOf(() =>
      mapKeys(spec("Opaque", [{ sourcePath: "typo", targetKey: "a" }]), response({ right: canaryValue })),
    );
    expect(failure.outcome.reason).toBe("UserInputValidationFailed");
    expect(failure.message).toContain('sourcePath "typo"');
    expect(failure.message).toContain('SecretProviderClass "vault"');
    expect(failure.message).toContain("right");
    expectNoCanary(failure.message);
  });

  test.each(["a/0", "..", ".", "..data", "ä", ""])("%j cannot be a key of a Secret", (targetKey) => {
    const failure = failureOf(() =>
      mapKeys(spec("Opaque", [{ sourcePath: "s", targetKey }]), response({ s: "1" })),
    );
    expect(failure.outcome.reason).toBe("UserInputValidationFailed");
  });
});

describe("mapping to kubernetes.io/tls", () => {
  const tls = (targetKey: string, bundle: string) =>
    mapKeys(spec("kubernetes.io/tls", [{ sourcePath: "web", targetKey }]), response({ web: bundle })).map(
      (mapped) => (mapped.kind === "fetched" ? Buffer.from(mapped.bytes).toString() : ""),
    )[0]!;

  test.each([
    ["rsa", "RSA PRIVATE KEY"],
    ["ec", "EC PRIVATE KEY"],
    ["ed25519", "PRIVATE KEY"],
  ] as const)("an %s key becomes a block %s, whatever form it came in", (kind, label) => {
    const bundle = `${keys[kind].export({ type: "pkcs8", format: "pem" }).toString()}${certificatePem}\n`;
    expect(tls("tls.key", bundle)).toMatch(new RegExp(`^-----BEGIN ${label}-----`));
    expect(tls("tls.crt", bundle)).toBe(`${certificatePem}\n`);
  });

  test("a bundle keeps the order of its certificates", () => {
    const second = certificatePem.replace("MIIB", "MIIC");
    expect(tls("tls.crt", `${certificatePem}\n${second}\n`)).toBe(`${certificatePem}\n${second}\n`);
  });

  test.each([
    ["tls.crt", "no PEM at all", "no PEM block with a certificate"],
    ["tls.key", certificatePem, "no PEM block with a private key"],
    ["tls.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "cannot be read"],
    ["ca.crt", certificatePem, "only tls.crt and tls.key"],
  ])("%s from %j is an error, never an empty PEM", (targetKey, bundle, text) => {
    const failure = failureOf(() => tls(targetKey, bundle));
    expect(failure.outcome.reason).toBe("UserInputValidationFailed");
    expect(failure.message).toContain(text);
  });

  test("an unreadable key is not echoed", () => {
    const pem = `-----BEGIN PRIVATE KEY-----\n${Buffer.from(canaryValue).toString("base64")}\n-----END PRIVATE KEY-----`;
    expectNoCanary(failureOf(() => tls("tls.key", pem)).message);
  });
});

describe("the status of each item", () => {
  const item = { sourcePath: "s", targetKey: "k" };
  const fetched = (version: string) =>
    mapKeys(spec("Opaque", [item]), response({ s: "1" }, [{ name: "s", paths: ["s"], version }]));

  test("keeps the time of an unchanged version and renews it with the version", () => {
    const first = objectStatuses(fetched("v1"), undefined, "2026-01-01T00:00:00Z");
    const second = objectStatuses(fetched("v1"), first, "2026-01-01T01:00:00Z");
    const third = objectStatuses(fetched("v2"), second, "2026-01-01T02:00:00Z");
    expect([first, second, third].map((statuses) => statuses[0]!.syncedAt)).toEqual([
      "2026-01-01T00:00:00Z",
      "2026-01-01T00:00:00Z",
      "2026-01-01T02:00:00Z",
    ]);
  });

  test("a failed item keeps the version that is still in the Secret", () => {
    const before = objectStatuses(fetched("v1"), undefined, "2026-01-01T00:00:00Z");
    const failed = mapKeys(
      spec("Opaque", [item]),
      response({}, [{ name: "s", paths: ["s"], ok: false, code: "Throttled", message: "later" }]),
    );
    expect(objectStatuses(failed, before, "2026-01-01T01:00:00Z")).toEqual([
      {
        ...item,
        type: "secret",
        version: "v1",
        syncedAt: "2026-01-01T00:00:00Z",
        reason: "Throttled",
        message: "later",
      },
    ]);
  });
});

import { describe, expect, test } from "vitest";
import { DeadlineError } from "../core/clock.ts";
import { errorClasses, vaultErrorCodes } from "./error-classes.ts";
import { errorFromFailedRequest, errorFromVaultAnswer, VaultError } from "./errors.ts";

const subject = { what: 'secret "db" in vault "demo"', server: 'vault "demo"', who: "identity 3f1c" };

function answer(status: number, code?: string, innerCode?: string, message = "") {
  const error = { code, message, ...(innerCode === undefined ? {} : { innererror: { code: innerCode } }) };
  return {
    status,
    bodyText: code === undefined ? "<html>" : JSON.stringify({ error }),
    retryAfterMs: undefined,
  };
}

describe("an answer of the vault", () => {
  test.each([
    [answer(400, "BadParameter"), "BadObject", false],
    [
      answer(401, "Unauthorized", undefined, "AKV10000: Request is missing a Bearer or PoP token."),
      "IdentityFederation",
      false,
    ],
    [answer(401, "Unauthorized", undefined, "AKV10032: Invalid issuer."), "TenantMismatch", false],
    [answer(403, "Forbidden", "SecretDisabled"), "Disabled", false],
    [answer(403, "Forbidden", "ForbiddenByRbac"), "ForbiddenByRbac", false],
    [answer(403, "Forbidden", "ForbiddenByPolicy"), "ForbiddenByPolicy", false],
    [answer(403, "Forbidden", "AccessDenied"), "ForbiddenByPolicy", false],
    [answer(403, "Forbidden", "ForbiddenByFirewall"), "ForbiddenByFirewall", false],
    [answer(403, "Forbidden", "ForbiddenByConnection"), "ForbiddenByConnection", false],
    [answer(403), "Unavailable", true],
    [answer(404, "SecretNotFound"), "NotFound", false],
    [answer(404), "Unavailable", true],
    [answer(408, "RequestTimeout"), "Timeout", true],
    [answer(409, "Conflict"), "Unknown", true],
    [answer(429, "Throttled"), "Throttled", true],
    [answer(500, "InternalServerError"), "Unavailable", true],
    [answer(503), "Unavailable", true],
    [answer(302), "Unavailable", true],
    [answer(400), "Unavailable", true],
    [answer(407), "Unavailable", true],
    [answer(418, "Teapot"), "Unknown", true],
  ])("%j is %s", (given, code, retryable) => {
    expect(errorFromVaultAnswer(given, subject)).toMatchObject({ code, retryable, status: given.status });
  });

  test("that throttles is told with its reason and its Retry-After", () => {
    const given = answer(429, "Throttled", undefined, "too many. Reason: VaultRequestTypeLimitReached");
    const error = errorFromVaultAnswer({ ...given, retryAfterMs: 7_000 }, subject);
    expect(error).toMatchObject({ serviceCode: "VaultRequestTypeLimitReached", retryAfterMs: 7_000 });
    expect(error.message).toMatch(/^vault "demo" answers 429 \(VaultRequestTypeLimitReached\)\. /);
  });

  test("that forbids is told with the identity, the object and the role to give", () => {
    expect(errorFromVaultAnswer(answer(403, "Forbidden", "ForbiddenByRbac"), subject).message).toBe(
      'identity 3f1c may not read secret "db" in vault "demo" (403 ForbiddenByRbac). Give it the role "Key Vault Secrets User" (or the one for keys or certificates), then wait or force a sync. See docs/troubleshooting.md#forbiddenbyrbac',
    );
  });
});

describe("a request without an answer", () => {
  test.each([
    ["ENOTFOUND", "Dns"],
    ["EAI_AGAIN", "Dns"],
    ["ECONNREFUSED", "Connect"],
    ["ECONNRESET", "Connect"],
    ["UND_ERR_SOCKET", "Connect"],
    ["ETIMEDOUT", "Timeout"],
    ["UND_ERR_CONNECT_TIMEOUT", "Timeout"],
    ["CERT_HAS_EXPIRED", "Tls"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "Tls"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "Tls"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "Tls"],
    ["EPROTO", "Tls"],
  ])("with %s is %s", (systemCode, code) => {
    const thrown = new Error("outer", { cause: Object.assign(new Error("inner"), { code: systemCode }) });
    const error = errorFromFailedRequest(thrown, subject);
    expect(error).toMatchObject({ code, retryable: true, status: undefined });
    expect(error.message).toContain(`(${systemCode})`);
  });

  test("by the deadline says how long it waited", () => {
    const error = errorFromFailedRequest(new DeadlineError(3_000), subject);
    expect(error.code).toBe("Timeout");
    expect(error.message).toContain('vault "demo" did not answer within 3000 ms.');
  });

  test("that is explained already stays as it is", () => {
    const error = new VaultError("Dns", "So it is.");
    expect(errorFromFailedRequest(error, subject)).toBe(error);
  });
});

test("every code has a row, and its anchor is its name in lower case", () => {
  expect(Object.keys(errorClasses)).toEqual([...vaultErrorCodes]);
  for (const code of vaultErrorCodes) {
    const { anchor, sentence, nextStep, likelyCauses } = errorClasses[code];
    expect(anchor).toBe(code.toLowerCase());
    expect(sentence).toMatch(/^[A-Z].*\.$/);
    expect(nextStep).toMatch(/^[A-Z].*\.$/);
    expect(likelyCauses.length).toBeGreaterThan(0);
  }
});

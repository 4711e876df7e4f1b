import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { canaryValue, expectNoCanary } from "../../test/support/canary.ts";
import { holdToken } from "../../test/support/emulator-requests.ts";
import { createEmulator } from "./index.ts";

async function newHolder() {
  const emulator = createEmulator({
    vaults: ["demo"],
    clock: new VirtualClock(),
    random: seededRandom(1),
    profile: "legacy-2000",
  });
  emulator.vault("demo").setSecret("db", canaryValue);
  return { emulator, holder: await holdToken(emulator, "demo") };
}

const tooManyTags = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`t${index}`, "x"]));

describe("a wrong request", () => {
  test.each([
    ["PUT", "/secrets/db", canaryValue, 400, "is not valid JSON"],
    ["PUT", "/secrets/db", "", 400, "is not valid JSON"],
    ["PUT", "/secrets/db", [canaryValue], 400, "is not a JSON object"],
    ["PUT", "/secrets/db", {}, 400, "Property value has invalid value: it is missing"],
    ["PUT", "/secrets/db", { value: 7 }, 400, "Property value has invalid value: it is not a string"],
    ["PUT", "/secrets/db", { value: canaryValue.repeat(2000) }, 400, "longer than 25600 bytes"],
    ["PUT", "/secrets/db", { value: "x", contentType: "x".repeat(256) }, 400, "Property contentType"],
    ["PUT", "/secrets/db", { value: "x", tags: tooManyTags }, 400, "more than 15"],
    ["PUT", "/secrets/db", { value: "x", tags: { a: 1 } }, 400, "Property tags"],
    ["PUT", "/secrets/db", { value: "x", tags: { ["a".repeat(513)]: "x" } }, 400, "Property tags"],
    ["PUT", "/secrets/db", { value: "x", tags: ["x"] }, 400, "Property tags"],
    ["PUT", "/secrets/db", { value: "x", attributes: { enabled: "yes" } }, 400, "attributes.enabled"],
    ["PUT", "/secrets/db", { value: "x", attributes: { exp: 1.5 } }, 400, "attributes.exp"],
    ["PUT", "/secrets/db", { value: "x", attributes: { nbf: 20, exp: 10 } }, 400, "before attributes.nbf"],
    ["PUT", "/secrets/db", { value: "x", attributes: 3 }, 400, "Property attributes"],
    ["PUT", "/secrets/a_b", { value: "x" }, 400, "invalid name: a_b"],
    ["PUT", `/secrets/${"a".repeat(128)}`, { value: "x" }, 400, "invalid name"],
    ["PUT", "/secrets/", { value: "x" }, 405, "HTTP PUT not allowed"],
    ["BREW", "/secrets/db", undefined, 405, "HTTP BREW not allowed"],
    ["GET", "/secrets/db/x/y", undefined, 405, "HTTP GET not allowed"],
    ["GET", "/constructor", undefined, 404, "names no resource"],
    ["GET", "/", undefined, 404, "names no resource"],
    ["GET", "/secrets/%zz", undefined, 400, "invalid percent-encoding"],
    ["GET", "/secrets/db?x=1", undefined, 400, "api-version must be specified"],
    ["GET", "/secrets/db?api-version=", undefined, 400, "api-version must be specified"],
    ["GET", "/secrets/db?api-version=9.9", undefined, 400, "Specified version (9.9) is not recognized"],
    ["GET", "/secrets?api-version=7.6&maxresults=26", undefined, 400, "maxresults"],
    ["GET", "/secrets?api-version=7.6&maxresults=0", undefined, 400, "maxresults"],
    ["GET", "/secrets?api-version=7.6&$skiptoken=abc", undefined, 400, "$skiptoken"],
    ["GET", "/secrets/db/0123", undefined, 404, "db/0123 was not found"],
    ["PATCH", "/secrets/absent", {}, 404, "absent was not found"],
    ["POST", "/secrets/restore", { value: canaryValue }, 400, "not a backup"],
    ["POST", "/secrets/restore", {}, 400, "Property value"],
    ["POST", "/deletedsecrets/db/recover", undefined, 404, "Deleted Secret not found: db"],
    ["DELETE", "/deletedsecrets/db", undefined, 404, "Deleted Secret not found: db"],
  ])("%s %s %j is answered %d: %s", async (method, path, body, status, text) => {
    const { holder } = await newHolder();
    const response = await holder.send(method, path, body);
    const answer = await response.text();
    expect(response.status).toBe(status);
    expect((JSON.parse(answer) as { error: { message: string } }).error.message).toContain(text);
    expectNoCanary(answer);
  });

  test("to a vault that is not there says so", async () => {
    const { emulator } = await newHolder();
    const response = await emulator.handler(new Request("https://shop.vault.localhost/secrets/db"));
    expect(response.status).toBe(404);
    expect(await response.text()).toContain("no vault named shop");
  });

  test("with a body over the limit is answered 413", async () => {
    const { holder } = await newHolder();
    const response = await holder.send("PUT", "/secrets/db", canaryValue.repeat(300_000));
    expect(response.status).toBe(413);
    expectNoCanary(await response.text());
  });
});

describe("a right request in an unusual form", () => {
  test.each([
    ["GET", "//secrets//db//"],
    ["GET", "/Secrets/DB"],
    ["GET", "/secrets/d%62"],
    ["GET", "/secrets/db?api%2Dversion=7.0"],
    ["GET", "/secrets/db?x=%zz&api-version=2016-10-01"],
    ["GET", "/secrets/db?api-version=7.6-preview.2#fragment"],
  ])("%s %s reads the secret", async (method, path) => {
    const { holder } = await newHolder();
    expect(await (await holder.send(method, path)).json()).toMatchObject({ value: canaryValue });
  });

  test("a POST that stands for another verb is taken as that", async () => {
    const { holder, emulator } = await newHolder();
    const response = await holder.send("POST", "/secrets/db", undefined, { "x-http-method": "DELETE" });
    expect(response.status).toBe(200);
    expect(emulator.vault("demo").secretNames()).toEqual([]);
  });

  test("a tag may have the name of a built-in property", async () => {
    const { holder } = await newHolder();
    const body = '{"value":"x","tags":{"__proto__":"y","constructor":"z"}}';
    const response = await holder.send("PUT", "/secrets/odd", body);
    expect(await response.text()).toContain('"tags":{"__proto__":"y","constructor":"z"}');
  });
});

test("whatever is sent, the answer is JSON with an error or a success, and without what was not asked for", async () => {
  const { holder } = await newHolder();
  const segment = fc.oneof(
    fc.constantFrom(
      "secrets",
      "deletedsecrets",
      "db",
      "versions",
      "restore",
      "backup",
      "recover",
      "%00",
      "..",
    ),
    fc.string({ maxLength: 20 }).map(encodeURIComponent),
  );
  const request = fc.record({
    method: fc.constantFrom("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"),
    segments: fc.array(segment, { maxLength: 5 }),
    query: fc.oneof(fc.constant("api-version=7.6"), fc.string({ maxLength: 40 }).map(encodeURI)),
    body: fc.oneof(fc.json(), fc.string({ maxLength: 200 })),
  });
  await fc.assert(
    fc.asyncProperty(request, async ({ method, segments, query, body }) => {
      const sent = method === "GET" || method === "HEAD" ? undefined : body;
      const response = await holder.send(method, `/${segments.join("/")}?${query}`, sent);
      const text = await response.text();
      expect(response.status).toBeLessThan(500);
      expect(text === "" || typeof JSON.parse(text) === "object").toBe(true);
    }),
    { numRuns: 500 },
  );
});

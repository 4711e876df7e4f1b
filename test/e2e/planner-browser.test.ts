import { readFileSync } from "node:fs";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createViteServer } from "vitest/node";
import { questions } from "./planner-browser/worker.ts";

/** Debian's Chromium unless `CHROMIUM` names another. */
const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const rootPath = new URL("../../", import.meta.url).pathname;

let server: Awaited<ReturnType<typeof createViteServer>>;
let browser: Browser;
let page: Page;
const strayRequests: string[] = [];

beforeAll(async () => {
  server = await createViteServer({
    root: rootPath,
    configFile: false,
    logLevel: "silent",
    appType: "custom",
    server: { host: "127.0.0.1", port: 0, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true, include: [] },
    plugins: [
      {
        name: "page",
        configureServer({ middlewares }) {
          middlewares.use("/page", (_request, response) => {
            response.setHeader("content-type", "text/html");
            response.end("<!doctype html><title>planner</title>");
          });
        },
      },
    ],
  });
  await server.listen();
  browser = await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  page = await browser.newPage();
  const origin = server.resolvedUrls?.local[0] ?? "";
  page.on("request", (request) => {
    if (!request.url().startsWith(origin)) strayRequests.push(request.url());
  });
  await page.goto(`${origin}page`);
  await page.evaluate(
    `window.planner = new Worker("/test/e2e/planner-browser/worker.ts", { type: "module" })`,
  );
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** Asks the planner in the browser's worker. */
async function ask(
  name: string,
  input: unknown,
): Promise<{ answer?: unknown; error?: string; elapsedMs: number }> {
  return page.evaluate(
    `new Promise((resolve, reject) => {
      window.planner.onmessage = (event) => resolve(event.data);
      window.planner.onerror = (event) => reject(new Error(event.message ?? "the worker did not load"));
      window.planner.postMessage(${JSON.stringify([name, input])});
    })`,
  );
}

/** Engines may differ in the last bits of a logarithm. */
function rounded(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, part: unknown) =>
      typeof part === "number" ? Number(part.toPrecision(11)) : part,
    ),
  );
}

const layout = readFileSync(`${rootPath}docs/examples/layout.yaml`, "utf8");
const fleet = { clusters: 700, secretsPerCluster: 30 };

test.each([
  ["planJitter", fleet],
  ["planJitter", { clusters: 10_000_000, secretsPerCluster: 30, risk: 1e-300, counting: "sliding" }],
  ["planRisk", { ...fleet, jitterSeconds: 190 }],
  ["planCapacity", { goal: "clusters", secretsPerCluster: 30, jitterSeconds: 75 }],
  ["planTable", {}],
  ["planBudget", fleet],
  ["planCost", fleet],
  ["planVaults", layout],
  ["simulate", { ...fleet, jitterSeconds: 65 }],
] as const)("%s answers in a browser worker as it does in Node", async (name, input) => {
  const inBrowser = await ask(name, input);
  expect(inBrowser.error).toBeUndefined();
  expect(rounded(inBrowser.answer)).toEqual(rounded(questions[name](input as never)));
});

test("wrong inputs are named in the browser too", async () => {
  expect((await ask("planJitter", { ...fleet, clusters: 0 })).error).toContain(
    "clusters must be a whole number",
  );
});

test("a slider may ask for every frame", async () => {
  await ask("planRisk", { ...fleet, jitterSeconds: 60 });
  const { elapsedMs } = await ask("planRisk", { ...fleet, jitterSeconds: 61 });
  expect(elapsedMs).toBeLessThan(16);
});

test("planning contacts nobody", () => {
  expect(strayRequests).toEqual([]);
});

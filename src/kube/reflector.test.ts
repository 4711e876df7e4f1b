import { afterEach, beforeEach, expect, test } from "vitest";
import { ListWatchServer } from "../../test/support/list-watch-server.ts";
import type { LogFields, Logger } from "../core/log.ts";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { createKubeClient } from "./client.ts";
import type { ConfigMap } from "./objects.ts";
import { Reflector, type ReflectorOptions } from "./reflector.ts";
import { configMaps } from "./resources.ts";

let clock: VirtualClock;
let server: ListWatchServer;
let changes: string[];
let logged: { readonly message: string; readonly fields: LogFields | undefined }[];
let stopping: AbortController;
let running: Promise<void>;

const log = (message: string, fields?: LogFields) => void logged.push({ message, fields });
const logger: Logger = { debug: log, info: log, warn: log, error: log };

beforeEach(() => {
  clock = new VirtualClock();
  server = new ListWatchServer();
  changes = [];
  logged = [];
  stopping = new AbortController();
  running = Promise.resolve();
});

afterEach(async () => {
  stopping.abort();
  await running;
});

function start(options: Partial<ReflectorOptions<ConfigMap>> = {}): Reflector<ConfigMap> {
  const random = seededRandom(1);
  const reflector = new Reflector<ConfigMap>({
    client: createKubeClient({ transport: server, clock, random }),
    clock,
    random,
    resource: configMaps,
    logger,
    onChange: ({ kind, object }) => void changes.push(`${kind} ${object.metadata.name}`),
    ...options,
  });
  running = reflector.run(stopping.signal);
  return reflector;
}

const watchPaths = () => server.requests.filter((path) => path.includes("watch=true"));
const listPaths = () => server.requests.filter((path) => !path.includes("watch=true"));
const parameterOf = (path: string | undefined, name: string) =>
  new URL(path ?? "", "http://server").searchParams.get(name);

test("it lists, then watches from the list's version, with bookmarks and a time limit", async () => {
  server.put("a");
  const reflector = start();
  let hasSynced = false;
  void reflector.hasSynced.then(() => (hasSynced = true));
  await clock.advance(0);
  expect(hasSynced).toBe(true);
  server.put("b");
  server.put("a");
  server.remove("b");
  await clock.advance(0);
  expect(changes).toEqual(["added a", "added b", "updated a", "deleted b"]);
  expect(parameterOf(listPaths()[0], "limit")).toBe("500");
  const [watch] = watchPaths();
  expect(parameterOf(watch, "resourceVersion")).toBe("101");
  expect(parameterOf(watch, "allowWatchBookmarks")).toBe("true");
  expect(Number(parameterOf(watch, "timeoutSeconds"))).toSatisfy(
    (seconds: number) => seconds >= 300 && seconds < 600,
  );
  expect(reflector.counts).toEqual({ lists: 1, watches: 1, events: 3, failures: 0 });
});

test("objects are kept without managedFields and found by key and index", async () => {
  server.put("a", { tier: "gold" });
  const reflector = start({ indexes: { tier: ({ metadata }) => Object.values(metadata.labels ?? {}) } });
  await clock.advance(0);
  expect(reflector.store.get("shop/a")?.metadata).not.toHaveProperty("managedFields");
  server.put("a", { tier: "silver" });
  await clock.advance(0);
  expect(reflector.store.byIndex("tier", "gold")).toEqual([]);
  expect(reflector.store.byIndex("tier", "silver").map(({ metadata }) => metadata.name)).toEqual(["a"]);
});

test("a list of more than a page is read page by page", async () => {
  for (let index = 0; index < 1_201; index++) server.put(`map-${index}`);
  const reflector = start();
  await clock.advance(0);
  expect(reflector.store.size).toBe(1_201);
  expect(listPaths().map((path) => parameterOf(path, "continue"))).toEqual([null, "500@1301", "1000@1301"]);
});

test("a watch that the server ends in good order goes on from the last version", async () => {
  start();
  await clock.advance(0);
  server.put("a");
  server.bookmark();
  await clock.advance(40_000);
  server.endWatches("end");
  server.put("b");
  await clock.advance(0);
  expect(changes).toEqual(["added a", "added b"]);
  expect(watchPaths().map((path) => parameterOf(path, "resourceVersion"))).toEqual(["100", "101"]);
  expect(listPaths()).toHaveLength(1);
});

test.each(["reset", "half line", "garbage", "error event"] as const)(
  "a watch that ends with %s goes on after a short wait, without a new list",
  async (how) => {
    const reflector = start();
    await clock.advance(40_000);
    server.endWatches(how);
    server.put("a");
    await clock.advance(0);
    expect(watchPaths()).toHaveLength(1);
    expect(reflector.lastError).toBeInstanceOf(Error);
    await clock.advance(1_600);
    expect(changes).toEqual(["added a"]);
    expect(reflector.lastError).toBeUndefined();
    expect(reflector.counts).toMatchObject({ lists: 1, failures: 1 });
    expect(logged.map(({ message }) => message)).toEqual(["the watch is interrupted"]);
  },
);

test.each(["event", "status"] as const)(
  "a version that is forgotten (%s) leads to a new list",
  async (expiry) => {
    server.expiry = expiry;
    server.put("a");
    server.put("b");
    server.put("c");
    const reflector = start();
    await clock.advance(40_000);
    server.changeUnseen(() => {
      server.remove("a");
      server.put("b");
      server.put("d");
    });
    await clock.advance(2_000);
    expect(changes.slice(3)).toEqual(["updated b", "added d", "deleted a"]);
    expect(reflector.counts).toMatchObject({ lists: 2, failures: 0 });
  },
);

test("an object of the same name with another uid is a deletion and an addition, after a list and in a watch", async () => {
  server.put("a");
  start();
  await clock.advance(40_000);
  server.changeUnseen(() => {
    server.remove("a");
    server.put("a");
  });
  await clock.advance(2_000);
  expect(changes).toEqual(["added a", "deleted a", "added a"]);
});

test("waits grow from under two seconds to thirty while the server is away, and start small after a healthy period", async () => {
  const reflector = start();
  await clock.advance(40_000);
  server.failNext(...Array.from({ length: 12 }, () => ({ kind: "reset" as const })));
  server.endWatches("reset");
  const before = watchPaths().length;
  await clock.advance(1_600);
  expect(watchPaths().length).toBe(before + 1);
  await clock.advance(12 * 30_000);
  expect(watchPaths().length).toBe(before + 13);
  expect(reflector.counts.failures).toBe(13);
  server.endWatches("reset");
  await clock.advance(1_600);
  expect(watchPaths().length).toBe(before + 14);
});

test("a failing list is tried again and a Retry-After is kept to", async () => {
  server.failNext({ kind: "status", status: 500 }, { kind: "status", status: 429, retryAfterMs: 60_000 });
  const reflector = start();
  await clock.advance(1_600);
  expect(listPaths()).toHaveLength(2);
  await clock.advance(59_000);
  expect(listPaths()).toHaveLength(2);
  await clock.advance(8_000);
  expect(reflector.counts).toMatchObject({ lists: 1, failures: 2 });
});

test("a list whose pages expire is asked for in one piece the next time", async () => {
  for (let index = 0; index < 600; index++) server.put(`map-${index}`);
  const request = server.request.bind(server);
  let expired = 0;
  server.request = async (asked) => {
    if (!asked.path.includes("continue=")) return request(asked);
    server.requests.push(asked.path);
    expired++;
    return { status: 410, body: "" };
  };
  const reflector = start();
  await clock.advance(5_000);
  expect(expired).toBe(1);
  expect(reflector.store.size).toBe(600);
  expect(parameterOf(listPaths().at(-1), "limit")).toBeNull();
});

test("a connection that has died is noticed soon after the watch's time is up", async () => {
  const reflector = start();
  await clock.advance(0);
  server.silence();
  server.put("a");
  await clock.advance(299_000);
  expect(watchPaths()).toHaveLength(1);
  await clock.advance(335_000);
  expect(reflector.lastError).toBeUndefined();
  expect(watchPaths()).toHaveLength(2);
  expect(changes).toEqual(["added a"]);
  expect(logged[0]?.fields).toMatchObject({ code: "TimedOut" });
});

test("a watch that is not answered at all is given up", async () => {
  const watch = server.watch.bind(server);
  let isHanging = true;
  server.watch = (request, signal) => {
    if (!isHanging) return watch(request, signal);
    server.requests.push(request.path);
    return new Promise((_resolve, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
    );
  };
  start();
  await clock.advance(29_000);
  isHanging = false;
  server.put("a");
  await clock.advance(4_000);
  expect(changes).toEqual(["added a"]);
});

test("what onChange throws is logged and stops nothing", async () => {
  start({
    onChange: ({ kind, object }) => {
      changes.push(`${kind} ${object.metadata.name}`);
      throw new Error("broken handler");
    },
  });
  await clock.advance(0);
  server.put("a");
  server.put("b");
  await clock.advance(0);
  expect(changes).toEqual(["added a", "added b"]);
  expect(logged.map(({ fields }) => fields?.["error"])).toEqual(["broken handler", "broken handler"]);
});

test.each(["while it watches", "while it waits"])("stopping it %s takes one step", async (when) => {
  if (when === "while it waits") server.failNext({ kind: "status", status: 500 });
  start();
  await clock.advance(100);
  stopping.abort();
  let hasStopped = false;
  void running.then(() => (hasStopped = true));
  await clock.advance(0);
  expect(hasStopped).toBe(true);
  expect(server.openWatches).toBe(0);
});

test.each([
  '{"items":[],"metadata":{}}',
  '{"items":{}}',
  '{"items":[5],"metadata":{"resourceVersion":"1"}}',
  "{}",
  "[]",
])("the answer %s is no list, and is asked for again after a wait", async (body) => {
  const request = server.request.bind(server);
  server.request = async () => {
    server.request = request;
    return { status: 200, body };
  };
  const reflector = start();
  await clock.advance(500);
  expect(reflector.lastError).toMatchObject({ name: "KubeError" });
  await clock.advance(1_200);
  expect(reflector.counts).toMatchObject({ lists: 1, failures: 1 });
});

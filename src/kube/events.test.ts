import { expect, test } from "vitest";
import { canaryValue, expectNoCanary } from "../../test/support/canary.ts";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { createKubeClient } from "./client.ts";
import { createEventRecorder, type EventRecorder } from "./events.ts";
import type { Event } from "./objects.ts";
import type { KubeRequest, KubeResponse, KubeTransport } from "./transport.ts";

interface Scene {
  readonly clock: VirtualClock;
  readonly recorder: EventRecorder;
  readonly requests: readonly KubeRequest[];
  readonly logged: readonly string[];
  /** Of the requests to come. */
  status: number;
}

function scene(): Scene {
  const clock = new VirtualClock(Date.UTC(2026, 0, 31, 9));
  const requests: KubeRequest[] = [];
  const logged: string[] = [];
  const transport: KubeTransport = {
    request: async (request): Promise<KubeResponse> => {
      requests.push(request);
      return { status: built.status, body: request.body ?? "" };
    },
    watch: () => Promise.reject(new Error("no watch here")),
  };
  const random = seededRandom(1);
  const log = (message: string, fields?: object) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const recorder = createEventRecorder({
    client: createKubeClient({ transport, clock, random }),
    clock,
    random,
    component: "keyweir",
    logger: { debug: log, info: log, warn: log, error: log },
  });
  const built: Scene = { clock, recorder, requests, logged, status: 201 };
  return built;
}

const object = { apiVersion: "v1", kind: "Secret", name: "db", namespace: "shop", uid: "u-1" };
const event = { type: "Warning", reason: "Throttled", message: "wait a little" } as const;
const bodyOf = (request: KubeRequest | undefined) => JSON.parse(request?.body ?? "{}") as Partial<Event>;

test("an event is written with everything that kubectl describe shows", async () => {
  const { recorder, requests } = scene();
  recorder.record(object, event);
  await recorder.settled();
  expect(requests[0]?.path).toBe("/api/v1/namespaces/shop/events?fieldManager=keyweir");
  expect(bodyOf(requests[0])).toMatchObject({
    metadata: { namespace: "shop", name: expect.stringMatching(/^db\.[0-9a-f]+$/) },
    involvedObject: object,
    type: "Warning",
    reason: "Throttled",
    message: "wait a little",
    count: 1,
    firstTimestamp: "2026-01-31T09:00:00Z",
    lastTimestamp: "2026-01-31T09:00:00Z",
    source: { component: "keyweir" },
  });
});

test("recording waits for nothing, and what repeats before it is written is written once", async () => {
  const { recorder, requests } = scene();
  for (let index = 0; index < 5; index++) recorder.record(object, event);
  expect(requests).toHaveLength(0);
  await recorder.settled();
  expect(requests.map((request) => bodyOf(request).count)).toEqual([5]);
});

test("a repetition later is a patch of the count and the time", async () => {
  const { clock, recorder, requests } = scene();
  recorder.record(object, event);
  await recorder.settled();
  await clock.advance(90_000);
  recorder.record(object, event);
  await recorder.settled();
  const name = bodyOf(requests[0]).metadata?.name;
  expect(requests[1]).toMatchObject({
    method: "PATCH",
    path: `/api/v1/namespaces/shop/events/${name}?fieldManager=keyweir`,
  });
  expect(bodyOf(requests[1])).toEqual({ count: 2, lastTimestamp: "2026-01-31T09:01:30Z" });
});

test("an event that has expired meanwhile begins again", async () => {
  const on = scene();
  on.recorder.record(object, event);
  await on.recorder.settled();
  on.status = 404;
  on.recorder.record(object, event);
  await on.recorder.settled();
  expect(on.requests.map(({ method }) => method)).toEqual(["POST", "PATCH", "POST"]);
  expect(bodyOf(on.requests[2]).count).toBe(1);
});

test("one object gets 25 events at once, then one in five minutes; others are not affected", async () => {
  const { clock, recorder, requests } = scene();
  for (let index = 0; index < 40; index++) recorder.record(object, { ...event, message: `${index}` });
  recorder.record({ ...object, uid: "u-2" }, event);
  await recorder.settled();
  expect(recorder.counts).toEqual({ written: 26, dropped: 15 });
  await clock.advance(300_000);
  recorder.record(object, { ...event, message: "later" });
  recorder.record(object, { ...event, message: "too much" });
  await recorder.settled();
  expect(requests).toHaveLength(27);
});

test("an event that is refused is dropped, logged without its message, and stops nothing", async () => {
  const on = scene();
  on.status = 403;
  on.recorder.record(object, { ...event, message: canaryValue });
  on.recorder.record(object, event);
  await on.recorder.settled();
  expect(on.recorder.counts).toEqual({ written: 0, dropped: 2 });
  expect(on.logged).toHaveLength(2);
  expectNoCanary(on.logged.join(""));
  on.status = 201;
  on.recorder.record(object, event);
  await on.recorder.settled();
  expect(on.recorder.counts.written).toBe(1);
});

test("events are paced: fifty at once, then twenty a second", async () => {
  const { clock, recorder, requests } = scene();
  for (let index = 0; index < 200; index++) recorder.record({ ...object, uid: `u-${index}` }, event);
  await clock.advance(0);
  expect(requests).toHaveLength(50);
  await clock.advance(5_000);
  expect(requests).toHaveLength(150);
});

test("more than a thousand distinct events that wait are dropped", async () => {
  const { clock, recorder, requests } = scene();
  for (let index = 0; index < 1_100; index++) recorder.record({ ...object, uid: `u-${index}` }, event);
  await clock.advance(60_000);
  expect(requests).toHaveLength(1_024);
  expect(recorder.counts).toEqual({ written: 1_024, dropped: 76 });
});

test("a long message is cut, an object without namespace has its events in default", async () => {
  const { recorder, requests } = scene();
  const { namespace: _, ...clusterWide } = object;
  recorder.record(clusterWide, { ...event, message: "x".repeat(5_000) });
  await recorder.settled();
  expect(bodyOf(requests[0]).metadata?.namespace).toBe("default");
  expect(bodyOf(requests[0]).message).toHaveLength(1_024);
});

import { expect, test } from "vitest";
import { handlerTransport } from "./handler-transport.ts";

const lineStream = (...lines: readonly string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const line of lines) controller.enqueue(new TextEncoder().encode(line));
    },
  });

test("a request arrives as it was sent and its answer comes back", async () => {
  const seen: unknown[] = [];
  const transport = handlerTransport(
    async (request) => {
      seen.push(
        request.method,
        new URL(request.url).pathname,
        Object.fromEntries(request.headers),
        await request.text(),
      );
      return new Response("busy", { status: 429, headers: { "retry-after": "7" } });
    },
    { headers: { authorization: "Bearer x" } },
  );
  const body = '{"a":1}';
  const answer = await transport.request({
    method: "PATCH",
    path: "/api/v1/x?y=1",
    contentType: "application/merge-patch+json",
    body,
    userAgent: "tester",
  });
  expect(answer).toEqual({ status: 429, retryAfterMs: 7_000, body: "busy" });
  expect(seen).toEqual([
    "PATCH",
    "/api/v1/x",
    {
      accept: "application/json, */*",
      authorization: "Bearer x",
      "content-type": "application/merge-patch+json",
      "user-agent": "tester",
    },
    body,
  ]);
});

test.each(["Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1.5", ""])(
  "the Retry-After %j is not understood",
  async (value) => {
    const transport = handlerTransport(
      () => new Response(null, { status: 429, headers: { "retry-after": value } }),
    );
    expect(await transport.request({ method: "GET", path: "/" })).toEqual({ status: 429, body: "" });
  },
);

test("an abort rejects at once, and the handler sees it", async () => {
  const stopping = new AbortController();
  const reason = new Error("enough");
  let seen: unknown;
  const transport = handlerTransport(
    (request) =>
      new Promise((_resolve, reject) =>
        request.signal.addEventListener("abort", () => {
          seen = request.signal.reason;
          reject(new Error("late"));
        }),
      ),
  );
  const answer = transport.request({ method: "GET", path: "/" }, stopping.signal);
  stopping.abort(reason);
  await expect(answer).rejects.toBe(reason);
  expect(seen).toBe(reason);
  await expect(transport.request({ method: "GET", path: "/" }, stopping.signal)).rejects.toBe(reason);
});

test("a handler that throws and a body that breaks off are broken connections", async () => {
  const throwing = handlerTransport(() => {
    throw new Error("bang");
  });
  await expect(throwing.request({ method: "GET", path: "/" })).rejects.toMatchObject({
    code: "Disconnected",
  });
  const breaking = handlerTransport(
    () => new Response(new ReadableStream({ start: (controller) => controller.error(new Error("bang")) })),
  );
  await expect(breaking.request({ method: "GET", path: "/" })).rejects.toMatchObject({
    code: "Disconnected",
  });
});

test("a watch yields lines as they come, until it is aborted", async () => {
  const stopping = new AbortController();
  const reason = new Error("enough");
  const transport = handlerTransport(() => new Response(lineStream("one\ntw", "o\n", "three\n")));
  const watch = await transport.watch({ method: "GET", path: "/" }, stopping.signal);
  const lines: string[] = [];
  const reading = (async () => {
    for await (const line of watch.lines) if (lines.push(line) === 3) stopping.abort(reason);
  })();
  await expect(reading).rejects.toBe(reason);
  expect({ status: watch.status, lines }).toEqual({ status: 200, lines: ["one", "two", "three"] });
});

test("the server learns that nobody reads its watch any more", async () => {
  const told = Promise.withResolvers<string>();
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("line\n")),
    cancel: () => told.resolve("cancelled"),
  });
  const transport = handlerTransport(() => new Response(body));
  const watch = await transport.watch({ method: "GET", path: "/" }, new AbortController().signal);
  for await (const line of watch.lines) {
    expect(line).toBe("line");
    break;
  }
  expect(await told.promise).toBe("cancelled");
});

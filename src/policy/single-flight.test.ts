import { describe, expect, test } from "vitest";
import { SingleFlight } from "./single-flight.ts";

/** Work that ends when told to, and how often it was started and aborted. */
function scene() {
  const flights = new SingleFlight();
  const started: AbortSignal[] = [];
  const ends: ((value: string) => void)[] = [];
  const run = (signal?: AbortSignal) =>
    flights.run("key", signal, (flightSignal) => {
      started.push(flightSignal);
      return new Promise<string>((resolve, reject) => {
        ends.push(resolve);
        flightSignal.addEventListener("abort", () => reject(new Error("aborted work")));
      });
    });
  return { started, ends, run };
}

describe("callers of one key", () => {
  test("share one piece of work, and the next one after it starts anew", async () => {
    const { started, ends, run } = scene();
    const both = Promise.all([run(), run()]);
    ends[0]!("answer");
    expect(await both).toEqual(["answer", "answer"]);
    const again = run();
    ends[1]!("new answer");
    expect(await again).toBe("new answer");
    expect(started).toHaveLength(2);
  });

  test("may give up one by one; the last one ends the work, and who comes then starts anew", async () => {
    const { started, ends, run } = scene();
    const [first, second] = [new AbortController(), new AbortController()];
    const firstRun = run(first.signal);
    const secondRun = run(second.signal);
    first.abort(new Error("first"));
    await expect(firstRun).rejects.toThrow("first");
    expect(started[0]!.aborted).toBe(false);
    second.abort("no error at all");
    const third = run();
    await expect(secondRun).rejects.toThrow("aborted");
    expect(started[0]!.aborted).toBe(true);
    ends[1]!("answer");
    expect(await third).toBe("answer");
  });

  test("who had given up before start nothing", async () => {
    const { started, run } = scene();
    await expect(run(AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
    expect(started).toEqual([]);
  });

  test("share a failure too", async () => {
    const flights = new SingleFlight();
    const fail = () =>
      flights.run("key", new AbortController().signal, () => Promise.reject(new Error("no")));
    const [first, second] = [fail(), fail()];
    await expect(first).rejects.toThrow("no");
    await expect(second).rejects.toThrow("no");
  });
});

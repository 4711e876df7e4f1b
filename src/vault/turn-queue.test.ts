import { expect, test } from "vitest";
import { TurnQueue } from "./turn-queue.ts";

test("callers go on in their order, each when all that the one before did at once is done", async () => {
  const queue = new TurnQueue();
  const log: string[] = [];
  const work = async (name: string) => {
    await queue.next();
    log.push(`${name} goes on`);
    for (let step = 0; step < 20; step++) await Promise.resolve();
    log.push(`${name} is done`);
  };
  await Promise.all(["a", "b", "c"].map(work));
  await work("d");
  const names = ["a", "b", "c", "d"];
  expect(log).toEqual(names.flatMap((name) => [`${name} goes on`, `${name} is done`]));
});

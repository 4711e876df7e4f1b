/** The set-up file of every tier: a test fails when a planted secret shows up in what it printed. */
import { afterAll, afterEach } from "vitest";
import { expectNoCanary } from "./canary.ts";

const written: string[] = [];
for (const stream of [process.stdout, process.stderr]) {
  const write = stream.write.bind(stream);
  stream.write = (chunk: string | Uint8Array, ...rest: never[]) => {
    written.push(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
    return write(chunk, ...rest);
  };
  // Set up anew for each test file, also where files share a process.
  afterAll(() => void (stream.write = write));
}

afterEach(() => expectNoCanary(written.splice(0).join("")));

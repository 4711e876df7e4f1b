import { expect, test } from "vitest";
import { VirtualClock } from "../../core/virtual-clock.ts";
import type { MountRequest, MountResponse } from "../../provider/client.ts";
import { sharingMounts } from "./shared-mounts.ts";

const base: MountRequest = {
  attributes: '{"keyvaultName":"demo"}',
  secrets: "{}",
  targetPath: "/mnt",
  permission: "420",
  currentObjectVersion: [],
  requestedPaths: ["db"],
  partial: true,
  lane: "new",
};

/** A provider whose Mounts stay open until told. */
function scene() {
  const open: ((response: MountResponse) => void)[] = [];
  const clock = new VirtualClock();
  const client = sharingMounts({ mount: () => new Promise((resolve) => open.push(resolve)) }, clock);
  return { open, clock, mount: (request: MountRequest) => client.mount(request) };
}

const answer: MountResponse = { objectVersion: [], error: undefined, files: [], results: [] };

test("Mounts of new SecretSyncs that ask the same are one call, and the next one begins anew", async () => {
  const { mount, open } = scene();
  const both = Promise.all([mount(base), mount({ ...base })]);
  expect(open).toHaveLength(1);
  open[0]!(answer);
  expect(await both).toEqual([answer, answer]);
  void mount(base);
  expect(open).toHaveLength(2);
});

test("a Mount that hangs is left alone by those that begin later", async () => {
  const { mount, open, clock } = scene();
  void mount(base);
  await clock.advance(100);
  void mount(base);
  expect(open).toHaveLength(2);
});

test.each<[string, Partial<MountRequest>]>([
  ["another class, identity or token", { attributes: '{"keyvaultName":"other"}' }],
  ["other paths", { requestedPaths: ["db", "api"] }],
])("%s is another call", (_what, difference) => {
  const { mount, open } = scene();
  void mount(base);
  void mount({ ...base, ...difference });
  expect(open).toHaveLength(2);
});

test.each(["forced", "rotated", "routine"])("%s Mounts never share", (lane) => {
  const { mount, open } = scene();
  void mount({ ...base, lane });
  void mount({ ...base, lane });
  expect(open).toHaveLength(2);
});

import { afterAll, beforeAll, expect, test } from "vitest";
import { expectNoCanary } from "../support/canary.ts";
import { startFlowScene, type FlowScene } from "../support/flow-scene.ts";
import { runPython } from "../support/python-environment.ts";
import { sdkLives } from "../support/sdk-expectations.ts";

let scene: FlowScene;
beforeAll(async () => {
  scene = await startFlowScene(["secrets", "keys", "certificates"]);
});
afterAll(() => scene?.[Symbol.asyncDispose]());

test.each(sdkLives)("the SDK for Python goes through the life of %s", async (name, life) => {
  const output = await runPython(`${name}_flow.py`, scene.argumentsFor(name), {
    REQUESTS_CA_BUNDLE: scene.caFile,
  });
  expectNoCanary(output);
  expect(JSON.parse(output)).toEqual(life);
});

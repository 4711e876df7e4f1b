import { expect, test } from "vitest";
import { VirtualClock } from "../core/virtual-clock.ts";
import { formatAge } from "./columns.ts";
import { printPath } from "./json-path.ts";
import { parseLabelSelector } from "./selectors.ts";
import { createSandbox } from "./sandbox.ts";
import { definition, named, send } from "./testing/requests.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const widgets = "/apis/test.dev/v1/namespaces/default/widgets";
const tableHeader = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };
const columns = [
  { name: "Size", type: "integer", jsonPath: ".spec.size" },
  { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status', priority: 1 },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
];

async function start() {
  const clock = new VirtualClock();
  const sandbox = createSandbox({ clock });
  const spec = { type: "object", description: "What is wanted.", properties: { size: { type: "integer" } } };
  await send(sandbox, definitions, { body: definition(spec, { additionalPrinterColumns: columns }) });
  const body = { ...named("Widget", "a"), apiVersion: "test.dev/v1", spec: { size: 3 } };
  await send(sandbox, widgets, { body });
  return { clock, sandbox };
}

test("a table has the columns of the definition and the ages of the clock", async () => {
  const { clock, sandbox } = await start();
  await clock.advance(90_000);
  const { body } = await send(sandbox, widgets, { headers: tableHeader });
  expect(body).toMatchObject({ kind: "Table", apiVersion: "meta.k8s.io/v1" });
  expect(
    (body["columnDefinitions"] as { name: string; priority: number }[]).map(({ name, priority }) => [
      name,
      priority,
    ]),
  ).toEqual([
    ["Name", 0],
    ["Size", 0],
    ["Ready", 1],
    ["Age", 0],
  ]);
  expect(body["rows"]).toMatchObject([
    { cells: ["a", 3, null, "90s"], object: { kind: "PartialObjectMetadata", metadata: { name: "a" } } },
  ]);
});

test("a watch can be a table too", async () => {
  const { sandbox } = await start();
  const response = await sandbox.handler(
    new Request(`http://sandbox.test${widgets}?watch=1`, { headers: tableHeader }),
  );
  const { value } = await response.body!.getReader().read();
  expect(JSON.parse(new TextDecoder().decode(value))).toMatchObject({
    type: "ADDED",
    object: { kind: "Table", rows: [{ cells: ["a", 3, null, "0s"] }] },
  });
});

test("a form that there is not is refused", async () => {
  const { sandbox } = await start();
  const answer = await send(sandbox, widgets, { headers: { accept: "application/vnd.kubernetes.protobuf" } });
  expect(answer.status).toBe(406);
});

test.each(["v2", "v2beta1"])("aggregated discovery answers the asked version %s", async (version) => {
  const { sandbox } = await start();
  const accept = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList,application/json`;
  const answer = await send(sandbox, "/apis", { headers: { accept } });
  expect(answer.headers.get("content-type")).toContain(`v=${version};as=APIGroupDiscoveryList`);
  expect(answer.body["apiVersion"]).toBe(`apidiscovery.k8s.io/${version}`);
  const items = answer.body["items"] as { metadata: { name: string }; versions: { resources: object[] }[] }[];
  const group = items.find(({ metadata }) => metadata.name === "test.dev");
  expect(group?.versions[0]?.resources).toMatchObject([
    {
      resource: "widgets",
      scope: "Namespaced",
      singularResource: "widget",
      subresources: [{ subresource: "status" }],
    },
  ]);
});

test("plain discovery names every group, version and kind", async () => {
  const { sandbox } = await start();
  const groups = (await send(sandbox, "/apis")).body["groups"] as { name: string }[];
  expect(groups.map(({ name }) => name)).toContain("test.dev");
  const { body } = await send(sandbox, "/apis/test.dev/v1");
  expect((body["resources"] as { name: string }[]).map(({ name }) => name)).toEqual([
    "widgets",
    "widgets/status",
  ]);
  expect((await send(sandbox, "/api/v1")).text).toContain('"serviceaccounts/token"');
});

test("the OpenAPI documents describe every kind, with references that lead somewhere", async () => {
  const { sandbox } = await start();
  const index = (await send(sandbox, "/openapi/v3")).body["paths"] as Record<
    string,
    { serverRelativeURL: string }
  >;
  expect(Object.keys(index)).toContain("apis/test.dev/v1");
  for (const { serverRelativeURL } of Object.values(index)) {
    const { body, text } = await send(sandbox, serverRelativeURL);
    const { schemas } = body["components"] as { schemas: Record<string, unknown> };
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      (match) => match[1]!,
    );
    expect(references.filter((name) => schemas[name] === undefined)).toEqual([]);
  }
  const { text } = await send(sandbox, index["apis/test.dev/v1"]!.serverRelativeURL);
  expect(text).toContain("What is wanted.");
  expect(text).toContain(
    '"x-kubernetes-group-version-kind":[{"group":"test.dev","version":"v1","kind":"Widget"}]',
  );
  expect(text).toContain('"fieldValidation"');
});

test.each([
  [0, "0s"],
  [119, "119s"],
  [120, "2m"],
  [125, "2m5s"],
  [599, "9m59s"],
  [600, "10m"],
  [3 * 3600, "3h"],
  [3 * 3600 + 60, "3h1m"],
  [8 * 3600 + 60, "8h"],
  [47 * 3600, "47h"],
  [49 * 3600, "2d1h"],
  [9 * 86_400, "9d"],
  [800 * 86_400, "2y70d"],
  [3000 * 86_400, "8y"],
])("an age of %i seconds is shown as %s", (seconds, text) => {
  expect(formatAge("2020-01-01T00:00:00Z", Date.UTC(2020, 0, 1) + seconds * 1000)).toBe(text);
});

test.each([
  [".spec.size", 3],
  [".metadata.annotations.example\\.com/key", "dotted"],
  [".metadata.annotations['example.com/key']", "dotted"],
  ['.status.conditions[?(@.type=="Ready")].status', "True"],
  [".status.conditions[1].status", "False"],
  [".status.conditions[*].type", "Ready"],
  [".nothing.here", undefined],
  ["not a path", undefined],
])("the path %s prints %j", (path, value) => {
  const object = {
    spec: { size: 3 },
    metadata: { annotations: { "example.com/key": "dotted" } },
    status: {
      conditions: [
        { type: "Ready", status: "True" },
        { type: "Create", status: "False" },
      ],
    },
  };
  expect(printPath(object, path)).toBe(value);
});

test.each([
  ["", true],
  ["a=1", true],
  ["a==1,b!=2", true],
  ["a!=1", false],
  ["c!=1", true],
  ["a in (1, 2)", true],
  ["a notin (1,2)", false],
  ["c notin (1)", true],
  ["a,!c", true],
  ["!a", false],
  ["b=", true],
  ["n>4,n<6", true],
  ["n>5", false],
])("the selector %j selects: %j", (text, isSelected) => {
  const labels = { a: "1", b: "", n: "5" };
  const selector = parseLabelSelector(text);
  const object = {
    apiVersion: "v1",
    kind: "X",
    metadata: { name: "", uid: "", creationTimestamp: "", labels },
  };
  expect(selector === undefined || selector(object)).toBe(isSelected);
});

test.each(["a in", "a in (1", "=1", "a b", "a,,b", "()"])("the selector %j is refused", (text) => {
  expect(() => parseLabelSelector(text)).toThrow("unable to parse");
});

import { LinearPattern } from "./linear-pattern.ts";
import { immutableField, invalidField } from "./metadata.ts";
import { isEqual, isJsonObject, type Json, type JsonObject, type KubeObject } from "./object.ts";
import type { FieldError } from "./status-error.ts";

/** What is wrong with a CustomResourceDefinition: names, versions, and schemas that could not be checked against. */
export function validateDefinition(definition: KubeObject, old: KubeObject | undefined): FieldError[] {
  const spec = objectAt(definition, "spec");
  const names = objectAt(spec, "names");
  const errors: FieldError[] = [];
  const { name } = definition.metadata;
  const group = textAt(spec, "group");
  if (name !== `${textAt(names, "plural")}.${group}`) {
    errors.push(invalidField("metadata.name", name, 'must be spec.names.plural+"."+spec.group'));
  }
  errors.push(...missingTexts(spec, "spec", ["group", "scope"]));
  const scope = textAt(spec, "scope");
  if (scope !== "" && scope !== "Cluster" && scope !== "Namespaced") {
    errors.push(notSupported("spec.scope", scope, '"Cluster", "Namespaced"'));
  }
  errors.push(...validateGroup(definition, group));
  errors.push(...missingTexts(names, "spec.names", ["plural", "singular", "kind", "listKind"]));
  errors.push(...validateVersions(spec));
  const before = old === undefined ? {} : objectAt(old, "spec");
  if (old !== undefined) {
    for (const field of ["group", "scope"]) {
      if (!isEqual(spec[field], before[field]))
        errors.push(immutableField(`spec.${field}`, spec[field] ?? null));
    }
    for (const field of ["plural", "kind"]) {
      const value = names[field];
      if (isEqual(value, objectAt(before, "names")[field])) continue;
      errors.push(immutableField(`spec.names.${field}`, value ?? null));
    }
  }
  return errors;
}

function validateGroup({ metadata }: KubeObject, group: string): FieldError[] {
  if (!/(?:^|\.)(?:k8s|kubernetes)\.io$/.test(group)) return [];
  if (metadata.annotations?.["api-approved.kubernetes.io"] !== undefined) return [];
  return [
    {
      reason: "FieldValueRequired",
      field: "metadata.annotations[api-approved.kubernetes.io]",
      detail:
        'Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    },
  ];
}

function validateVersions(spec: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const versions = Array.isArray(spec["versions"]) ? (spec["versions"] as readonly Json[]) : [];
  const seen = new Set<string>();
  let stored = 0;
  for (const [index, version] of versions.entries()) {
    const path = `spec.versions[${index}]`;
    if (!isJsonObject(version)) continue;
    errors.push(...missingTexts(version, path, ["name"]));
    const name = textAt(version, "name");
    if (seen.has(name)) errors.push(invalidField(`${path}.name`, name, "must be unique"));
    seen.add(name);
    if (version["storage"] === true) stored++;
    const schema = objectAt(version, "schema")["openAPIV3Schema"];
    const schemaPath = `${path}.schema.openAPIV3Schema`;
    if (!isJsonObject(schema)) errors.push(required(schemaPath));
    else if (schema["type"] !== "object") {
      const isAbsent = schema["type"] === undefined;
      const problem = "must be object at the root";
      if (isAbsent)
        errors.push({
          ...required(`${schemaPath}.type`),
          detail: "Required value: must not be empty at the root",
        });
      else errors.push(invalidField(`${schemaPath}.type`, schema["type"] ?? null, problem));
    } else checkSchema(schema, schemaPath, errors);
  }
  if (stored !== 1) {
    errors.push(
      invalidField("spec.versions", [...seen], "must have exactly one version marked as storage version"),
    );
  }
  return errors;
}

const numberFields = [
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "multipleOf",
];
const flagFields = [
  "nullable",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-int-or-string",
  "x-kubernetes-embedded-resource",
];
const types = new Set<unknown>(["object", "array", "string", "integer", "number", "boolean", undefined]);

/** Checks the form of a schema, so that nothing that works with it later has to. */
function checkSchema(schema: Json | undefined, path: string, errors: FieldError[]): void {
  if (!isJsonObject(schema)) {
    errors.push(invalidField(path, schema ?? null, "must be a schema object"));
    return;
  }
  const wrong = (field: string, problem: string) => {
    errors.push(invalidField(`${path}.${field}`, schema[field] ?? null, problem));
  };
  if (!types.has(schema["type"])) wrong("type", "must be object, array, string, integer, number or boolean");
  for (const field of numberFields) {
    if (schema[field] !== undefined && typeof schema[field] !== "number") wrong(field, "must be a number");
  }
  for (const field of flagFields) {
    if (schema[field] !== undefined && typeof schema[field] !== "boolean") wrong(field, "must be a boolean");
  }
  for (const field of ["required", "x-kubernetes-list-map-keys"]) {
    const list = schema[field] ?? [];
    if (!Array.isArray(list) || !list.every((item) => typeof item === "string"))
      wrong(field, "must be a list of strings");
  }
  if (schema["enum"] !== undefined && !Array.isArray(schema["enum"])) wrong("enum", "must be a list");
  const rules = schema["x-kubernetes-validations"] ?? [];
  const isRule = (rule: unknown) => isJsonObject(rule) && typeof rule["rule"] === "string";
  if (!Array.isArray(rules) || !rules.every(isRule))
    wrong("x-kubernetes-validations", "must be a list of rules");
  checkPattern(schema, wrong);
  checkParts(schema, path, errors, wrong);
}

function checkPattern({ pattern }: JsonObject, wrong: (field: string, problem: string) => void): void {
  if (pattern === undefined) return;
  try {
    if (typeof pattern !== "string") throw new TypeError("not a string");
    // Only to see whether it can be read.
    new LinearPattern(pattern).test("");
  } catch (error) {
    wrong("pattern", `must be a valid regular expression, but isn't: ${(error as Error).message}`);
  }
}

function checkParts(
  schema: JsonObject,
  path: string,
  errors: FieldError[],
  wrong: (field: string, problem: string) => void,
): void {
  const { properties, items, additionalProperties, not } = schema;
  if (isJsonObject(properties)) {
    for (const [key, property] of Object.entries(properties))
      checkSchema(property, `${path}.properties[${key}]`, errors);
  } else if (properties !== undefined) wrong("properties", "must be an object of schemas");
  if (items !== undefined) checkSchema(items, `${path}.items`, errors);
  if (not !== undefined) checkSchema(not, `${path}.not`, errors);
  if (additionalProperties !== undefined && typeof additionalProperties !== "boolean") {
    checkSchema(additionalProperties, `${path}.additionalProperties`, errors);
  }
  for (const field of ["allOf", "anyOf", "oneOf"]) {
    const options = schema[field] ?? [];
    if (!Array.isArray(options)) wrong(field, "must be a list of schemas");
    else
      for (const [index, option] of options.entries())
        checkSchema(option as Json, `${path}.${field}[${index}]`, errors);
  }
}

function missingTexts(object: JsonObject, path: string, fields: readonly string[]): FieldError[] {
  return fields.filter((field) => textAt(object, field) === "").map((field) => required(`${path}.${field}`));
}

function required(field: string): FieldError {
  return { reason: "FieldValueRequired", field, detail: "Required value" };
}

function notSupported(field: string, value: string, supported: string): FieldError {
  const detail = `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`;
  return { reason: "FieldValueNotSupported", field, detail };
}

function objectAt(object: JsonObject, field: string): JsonObject {
  const value = object[field];
  return isJsonObject(value) ? value : {};
}

function textAt(object: JsonObject, field: string): string {
  const value = object[field];
  return typeof value === "string" ? value : "";
}

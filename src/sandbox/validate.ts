import { LinearPattern } from "./linear-pattern.ts";
import { keepsMapRule } from "./map-rules.ts";
import { joinPath } from "./normalize.ts";
import { getOwn, isEqual, isJsonObject, type Json, type JsonObject } from "./object.ts";
import type { Schema } from "./schema.ts";
import type { FieldError } from "./status-error.ts";

/**
 * Everything in `value` that breaks the schema, in the words of the real server. `path` is that of the value. Fields
 * that are the same in `old` pass, as they do there, so that an object stays writable when its schema is tightened.
 */
export function validate(value: Json, schema: Schema, path: string, old?: Json): FieldError[] {
  const errors: FieldError[] = [];
  check(value, schema, path, errors, old);
  checkListTypes(value, schema, path, errors);
  if (!hasRules(schema)) return errors;
  if (errors.some((error) => blockingReasons.has(error.reason))) errors.push(uncheckedRules);
  else checkRules(value, schema, path, errors);
  return errors;
}

/** After these the real server does not try the rules any more, and says so. */
const blockingReasons = new Set<FieldError["reason"]>([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);
const uncheckedRules: FieldError = {
  reason: "FieldValueInvalid",
  field: "<nil>",
  detail:
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
};

function check(value: Json, schema: Schema, path: string, errors: FieldError[], old?: Json): void {
  if (value === null && schema.nullable === true) return;
  const problem = typeProblem(value, schema, path);
  if (problem !== undefined) {
    errors.push(problem);
    return;
  }
  if (schema.enum !== undefined && !schema.enum.some((item) => isEqual(item, value))) {
    const supported = schema.enum.map((item) =>
      typeof item === "string" ? JSON.stringify(item) : `"${JSON.stringify(item)}"`,
    );
    errors.push({
      reason: "FieldValueNotSupported",
      field: path,
      detail: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.join(", ")}`,
    });
  }
  if (typeof value === "string") checkString(value, schema, path, errors);
  else if (typeof value === "number") checkNumber(value, schema, path, errors);
  else if (Array.isArray(value)) checkList(value, schema, path, errors);
  else if (isJsonObject(value)) checkObject(value, schema, path, errors, isJsonObject(old) ? old : {});
  checkCombinations(value, schema, path, errors);
}

function typeProblem(value: Json, schema: Schema, path: string): FieldError | undefined {
  const actual = typeOf(value);
  const { type } = schema;
  if (schema["x-kubernetes-int-or-string"] === true) {
    if (actual === "integer" || actual === "string") return undefined;
    return typeInvalid(path, "integer,string", actual);
  }
  if (type === undefined || type === "" || type === actual || (type === "number" && actual === "integer")) {
    return undefined;
  }
  return typeInvalid(path, type, actual);
}

function typeInvalid(path: string, expected: string, actual: Json): FieldError {
  const value = JSON.stringify(actual);
  return {
    reason: "FieldValueTypeInvalid",
    field: path,
    detail: `Invalid value: ${value}: ${path} in body must be of type ${expected}: ${value}`,
  };
}

function typeOf(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function invalidValue(path: string, value: Json, problem: string): FieldError {
  return {
    reason: "FieldValueInvalid",
    field: path,
    detail: `Invalid value: ${JSON.stringify(value)}: ${path} in body ${problem}`,
  };
}

const compiled = new WeakMap<Schema, LinearPattern>();

function checkString(value: string, schema: Schema, path: string, errors: FieldError[]): void {
  const { maxLength, minLength, pattern, format } = schema;
  if (maxLength !== undefined && lengthOf(value) > maxLength) {
    errors.push({
      reason: "FieldValueTooLong",
      field: path,
      detail: `Too long: may not be more than ${maxLength} ${maxLength === 1 ? "byte" : "bytes"}`,
    });
  } else if (minLength !== undefined && lengthOf(value) < minLength) {
    errors.push(invalidValue(path, value, `should be at least ${minLength} chars long`));
  } else if (pattern !== undefined && !matches(value, pattern, schema)) {
    errors.push(invalidValue(path, value, `should match '${pattern}'`));
  }
  const formatTest = format === undefined ? undefined : formatTests[format];
  if (formatTest !== undefined && !formatTest(value)) errors.push(typeInvalid(path, format!, value));
}

function matches(value: string, pattern: string, schema: Schema): boolean {
  let matcher = compiled.get(schema);
  if (matcher === undefined) compiled.set(schema, (matcher = new LinearPattern(pattern)));
  return matcher.test(value);
}

/** Length in code points, without making them when the answer cannot depend on it. */
function lengthOf(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0xd800 && code <= 0xdbff) length--;
  }
  return length;
}

const formatTests: Readonly<Record<string, (text: string) => boolean>> = {
  "date-time": (text) =>
    /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:?\d\d)$/.test(text) &&
    !Number.isNaN(Date.parse(`${text.slice(0, 19)}Z`)),
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)),
  uuid: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  "micro-time": (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d)$/.test(text),
  byte: isBase64,
};

/** Whether a text is padded standard base64, as Go's decoder takes it. */
function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

function checkNumber(value: number, schema: Schema, path: string, errors: FieldError[]): void {
  const { maximum, minimum, multipleOf } = schema;
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) {
    errors.push(invalidValue(path, value, `should be a multiple of ${multipleOf}`));
  }
  if (maximum !== undefined && (schema.exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    const relation = schema.exclusiveMaximum === true ? "less than" : "less than or equal to";
    errors.push(invalidValue(path, value, `should be ${relation} ${maximum}`));
  }
  if (minimum !== undefined && (schema.exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    const relation = schema.exclusiveMinimum === true ? "greater than" : "greater than or equal to";
    errors.push(invalidValue(path, value, `should be ${relation} ${minimum}`));
  }
}

function checkList(value: readonly Json[], schema: Schema, path: string, errors: FieldError[]): void {
  const { maxItems, minItems, items } = schema;
  if (maxItems !== undefined && value.length > maxItems) {
    errors.push(tooMany(path, value.length, maxItems));
  }
  if (minItems !== undefined && value.length < minItems) {
    errors.push(invalidValue(path, value.length, `should have at least ${minItems} items`));
  }
  if (items === undefined) return;
  for (let index = 0; index < value.length; index++) check(value[index]!, items, `${path}[${index}]`, errors);
}

function tooMany(path: string, actual: number, limit: number): FieldError {
  return {
    reason: "FieldValueTooMany",
    field: path,
    detail: `Too many: ${actual}: must have at most ${limit} ${limit === 1 ? "item" : "items"}`,
  };
}

function checkObject(
  value: JsonObject,
  schema: Schema,
  path: string,
  errors: FieldError[],
  old: JsonObject,
): void {
  const { required, maxProperties, minProperties } = schema;
  for (const name of required ?? []) {
    if (getOwn(value, name) === undefined) {
      errors.push({ reason: "FieldValueRequired", field: joinPath(path, name), detail: "Required value" });
    }
  }
  if (maxProperties !== undefined || minProperties !== undefined) {
    const count = Object.keys(value).length;
    if (maxProperties !== undefined && count > maxProperties)
      errors.push(tooMany(path, count, maxProperties));
    if (minProperties !== undefined && count < minProperties) {
      errors.push(invalidValue(path, count, `should have at least ${minProperties} properties`));
    }
  }
  for (const key of Object.keys(value)) {
    const item = value[key];
    const oldItem = getOwn(old, key);
    if (item === oldItem) continue;
    const itemSchema = propertySchema(schema, key);
    if (itemSchema !== undefined && item !== undefined)
      check(item, itemSchema, joinPath(path, key), errors, oldItem);
  }
}

function checkCombinations(value: Json, schema: Schema, path: string, errors: FieldError[]): void {
  const isValid = (option: Schema) => {
    const found: FieldError[] = [];
    check(value, option, path, found);
    return found.length === 0;
  };
  const add = (problem: string) =>
    errors.push({
      reason: "FieldValueInvalid",
      field: path,
      detail: `Invalid value: "": ${JSON.stringify(path)} ${problem}`,
    });
  for (const option of schema.allOf ?? []) check(value, option, path, errors);
  if (schema.anyOf !== undefined && !schema.anyOf.some(isValid))
    add("must validate at least one schema (anyOf)");
  if (schema.oneOf !== undefined && schema.oneOf.filter(isValid).length !== 1) {
    add("must validate one and only one schema (oneOf)");
  }
  if (schema.not !== undefined && isValid(schema.not)) add("must not validate the schema (not)");
}

function checkListTypes(value: Json, schema: Schema, path: string, errors: FieldError[]): void {
  if (Array.isArray(value)) {
    const listType = schema["x-kubernetes-list-type"];
    if (listType === "set" || listType === "map") checkUnique(value, schema, path, errors);
    const { items } = schema;
    if (items === undefined) return;
    for (let index = 0; index < value.length; index++) {
      checkListTypes(value[index] as Json, items, `${path}[${index}]`, errors);
    }
  } else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      const itemSchema = propertySchema(schema, key);
      if (itemSchema !== undefined)
        checkListTypes(value[key] ?? null, itemSchema, joinPath(path, key), errors);
    }
  }
}

function checkUnique(list: readonly Json[], schema: Schema, path: string, errors: FieldError[]): void {
  const mapKeys = schema["x-kubernetes-list-map-keys"];
  const stranger =
    mapKeys === undefined ? -1 : list.findIndex((item) => item !== null && !isJsonObject(item));
  if (stranger >= 0) {
    const detail = `Invalid value: ${JSON.stringify(list[stranger])}: must be an object for an array of list-type map`;
    errors.push({ reason: "FieldValueInvalid", field: `${path}[${stranger}]`, detail });
    return;
  }
  const seen = new Map<string, number>();
  for (const [index, item] of list.entries()) {
    const identity = mapKeys === undefined || !isJsonObject(item) ? item : pick(item, mapKeys);
    const text = JSON.stringify(identity);
    const times = (seen.get(text) ?? 0) + 1;
    seen.set(text, times);
    if (times === 2) {
      errors.push({
        reason: "FieldValueDuplicate",
        field: `${path}[${index}]`,
        detail: `Duplicate value: ${text}`,
      });
    }
  }
}

function pick(item: JsonObject, keys: readonly string[]): JsonObject {
  const picked: Record<string, Json> = {};
  for (const key of keys) {
    const value = getOwn(item, key);
    if (value !== undefined) picked[key] = value;
  }
  return picked;
}

const withRules = new WeakMap<Schema, boolean>();

function hasRules(schema: Schema): boolean {
  let known = withRules.get(schema);
  if (known === undefined) {
    const { items, additionalProperties } = schema;
    known =
      schema["x-kubernetes-validations"] !== undefined ||
      Object.values(schema.properties ?? {}).some(hasRules) ||
      (items !== undefined && hasRules(items)) ||
      (typeof additionalProperties === "object" && hasRules(additionalProperties));
    withRules.set(schema, known);
  }
  return known;
}

function checkRules(value: Json, schema: Schema, path: string, errors: FieldError[]): void {
  if (!hasRules(schema)) return;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return;
    for (let index = 0; index < value.length; index++) {
      checkRules(value[index] as Json, items, `${path}[${index}]`, errors);
    }
    return;
  }
  if (!isJsonObject(value)) return;
  for (const { rule, message } of schema["x-kubernetes-validations"] ?? []) {
    if (keepsMapRule(value, rule)) continue;
    const detail = `Invalid value: ${message ?? `failed rule: ${rule}`}`;
    errors.push({ reason: "FieldValueInvalid", field: path, detail });
  }
  for (const key of Object.keys(value)) {
    const itemSchema = propertySchema(schema, key);
    if (itemSchema !== undefined) checkRules(value[key] ?? null, itemSchema, joinPath(path, key), errors);
  }
}

function propertySchema({ properties, additionalProperties }: Schema, key: string): Schema | undefined {
  if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

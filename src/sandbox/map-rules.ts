import type { JsonObject } from "./object.ts";

type EntryTest = (key: string, value: string) => boolean;

const compiled = new Map<string, EntryTest | undefined>();
const compiledLimit = 1000;

/**
 * Whether a map of strings keeps a rule. Of CEL this reads one form alone, the one that SecretSync uses for labels and
 * annotations: `self.all(key, …)` over `key.size()`, `self[key].size()` and `key.startsWith('…')` joined by `&&`. Any
 * other rule is taken to hold.
 */
export function keepsMapRule(map: JsonObject, rule: string): boolean {
  let test = compiled.get(rule);
  if (test === undefined && !compiled.has(rule)) {
    if (compiled.size >= compiledLimit) compiled.clear();
    compiled.set(rule, (test = compileRule(rule)));
  }
  if (test === undefined) return true;
  for (const [key, value] of Object.entries(map)) {
    if (typeof value === "string" && !test(key, value)) return false;
  }
  return true;
}

function compileRule(rule: string): EntryTest | undefined {
  const outer = /^\s*self\.all\(\s*(\w+)\s*,(.*)\)\s*$/s.exec(rule);
  if (outer === null) return undefined;
  const [, variable, body] = outer as unknown as [string, string, string];
  const tests: EntryTest[] = [];
  for (const term of body.split("&&")) {
    const test = compileTerm(term.trim(), variable);
    if (test === undefined) return undefined;
    tests.push(test);
  }
  return (key, value) => tests.every((test) => test(key, value));
}

function compileTerm(term: string, variable: string): EntryTest | undefined {
  const prefix = /^(!?)(\w+)\.startsWith\((?:'([^']*)'|"([^"]*)")\)$/.exec(term);
  if (prefix !== null && prefix[2] === variable) {
    const text = prefix[3] ?? prefix[4]!;
    return (key) => key.startsWith(text) === (prefix[1] === "");
  }
  const size = /^(?:size\()?(self\[(\w+)\]|\w+)(?:\.size\(\)|\))\s*(<=|<)\s*(\d{1,9})$/.exec(term);
  if (size === null || (size[2] ?? size[1]) !== variable) return undefined;
  const limit = Number(size[4]) - (size[3] === "<" ? 1 : 0);
  return size[2] === undefined ? (key) => lengthOf(key) <= limit : (_key, value) => lengthOf(value) <= limit;
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}

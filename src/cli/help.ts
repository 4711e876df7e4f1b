/**
 * The help screens, 80 columns wide: what it is, usage, flags or sub-commands, examples. A command gives its examples
 * as the last part of its full description, after a line that says "Examples:" or "Example:".
 */
import type { Application, Command, StricliIntegration } from "@stricli/core";
import type { CliContext } from "./context.ts";
import { type Style, styleFor, wrap } from "./terminal.ts";

type Target = Application<CliContext>["root"];
type Flag = NonNullable<Command<CliContext>["parameters"]["flags"]>[string];

const widthLimit = 80;
/** A flag with its placeholder that is longer does not widen the column of names. */
const nameLimit = 26;

/** What to try after wrong usage: the first example of the command that `inputs` lead to, or its help. */
export function nextStep(root: Target, inputs: readonly string[]): string {
  let target = root;
  const names = ["keyweir"];
  for (const input of inputs) {
    const next = "getAllEntries" in target ? target.getRoutingTargetForInput(input) : undefined;
    if (next === undefined) break;
    target = next;
    names.push(input);
  }
  const isCommand = !("getAllEntries" in target);
  return (isCommand ? firstExample(target) : undefined) ?? `${names.join(" ")} --help`;
}

/** `--help` and `-h` for every command; a command with sub-commands prints its help when it gets none. */
export function helpFlag(isColor: boolean): StricliIntegration<CliContext> {
  return {
    flag: {
      brief: "Print this help",
      aliases: ["h"],
      global: true,
      defaultForRouteMap: true,
      run(_app, { result }) {
        this.process.stdout.write(formatHelp(result.target, result.prefix.join(" "), styleFor(isColor)));
      },
    },
  };
}

function formatHelp(target: Target, name: string, style: Style): string {
  const { description, examples } = splitDescription(target);
  const sections = [
    description.flatMap((paragraph) => wrap(paragraph, widthLimit)),
    [style.strong("Usage"), ...usageOf(target, name).map((line) => `  ${line}`)],
  ];
  if ("getAllEntries" in target) sections.push([style.strong("Commands"), ...commandRows(target)]);
  else sections.push([style.strong("Flags"), ...flagRows(target.parameters.flags ?? {})]);
  if (examples.length > 0) {
    sections.push([style.strong("Examples"), ...examples.map((line) => `  ${line}`)]);
  }
  if ("getAllEntries" in target) sections.push([style.quiet(`${name} COMMAND --help explains one of them.`)]);
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function usageOf(target: Target, name: string): string[] {
  if ("getAllEntries" in target) return [`${name} COMMAND [flags]`];
  const { flags = {}, positional } = target.parameters;
  const required = Object.entries(flags)
    .filter(([, flag]) => !isOptional(flag))
    .map(([key, flag]) => nameOf(key, flag));
  const argumentNames =
    positional === undefined
      ? []
      : positional.kind === "array"
        ? [`${positional.parameter.placeholder ?? "argument"}...`]
        : positional.parameters.map(({ placeholder = "argument", optional }) =>
            optional === true ? `[${placeholder}]` : placeholder,
          );
  const hasOptional = Object.values(flags).some(isOptional);
  return [[name, ...argumentNames, ...required, ...(hasOptional ? ["[flags]"] : [])].join(" ")];
}

function commandRows(target: Extract<Target, { getAllEntries: unknown }>): string[] {
  const entries = target.getAllEntries().filter((entry) => !entry.hidden);
  return rowsOf(entries.map((entry) => [entry.name["convert-camel-to-kebab"], entry.target.brief]));
}

function flagRows(flags: Readonly<Record<string, Flag>>): string[] {
  const visible = Object.entries(flags).filter(([, flag]) => flag.hidden !== true);
  const rows = visible.map(([key, flag]): [string, string] => [nameOf(key, flag), explain(flag)]);
  return rowsOf([...rows, ["--help, -h", "Print this help"]]);
}

/** Names in one column, explanations wrapped in the other; a long name has a line of its own. */
function rowsOf(rows: readonly (readonly [name: string, text: string])[]): string[] {
  const nameWidth = Math.max(...rows.map(([name]) => (name.length > nameLimit ? 0 : name.length)));
  return rows.flatMap(([name, text]) => {
    const lines = wrap(text, widthLimit - nameWidth - 4);
    const isAlone = name.length > nameWidth;
    const first = isAlone ? [`  ${name}`] : [];
    return [
      ...first,
      ...lines.map((line, index) => `  ${(isAlone || index > 0 ? "" : name).padEnd(nameWidth)}  ${line}`),
    ];
  });
}

function nameOf(key: string, flag: Flag): string {
  const name = kebabCase(key);
  switch (flag.kind) {
    case "boolean":
      if (flag.optional === true && flag.withNegated !== false) return `--[no-]${name}`;
      return flag.default === true && flag.withNegated !== false ? `--no-${name}` : `--${name}`;
    case "counter":
      return `--${name}`;
    case "enum":
      return `--${name} ${flag.placeholder ?? flag.values.join("|")}`;
    case "parsed":
      return `--${name} ${flag.placeholder ?? "VALUE"}`;
  }
}

function explain(flag: Flag): string {
  const choices =
    flag.kind === "enum" && flag.placeholder !== undefined ? [`one of ${flag.values.join(", ")}`] : [];
  const value = "default" in flag ? flag.default : undefined;
  const isToldByName = typeof value === "boolean" || value === undefined || value === "";
  const given = isToldByName ? [] : [`default ${Array.isArray(value) ? value.join(",") : String(value)}`];
  const notes = [...choices, ...given].join("; ");
  return notes === "" ? flag.brief : `${flag.brief} (${notes})`;
}

function isOptional(flag: Flag): boolean {
  return flag.optional ?? ("default" in flag && flag.default !== undefined);
}

function firstExample(target: Target): string | undefined {
  return splitDescription(target).examples.find((line) => line.startsWith("keyweir "));
}

function splitDescription(target: Target): { description: string[]; examples: string[] } {
  const [description = "", examples = ""] = (target.fullDescription ?? target.brief).split(
    /^Examples?:[^\S\n]*\n?/m,
  );
  return {
    description: description.trimEnd().split("\n"),
    examples: examples
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== ""),
  };
}

function kebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

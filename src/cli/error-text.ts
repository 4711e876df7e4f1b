/**
 * What the command line prints when something is wrong: what happened, then what to do. Never a stack (unless
 * KEYWEIR_DEBUG is set), never control characters from input, never more of the input than it takes to recognise it.
 */
import {
  type AliasNotFoundError,
  type ApplicationText,
  ArgumentScannerError,
  formatMessageForArgumentScannerError,
  text_en,
} from "@stricli/core";
import { messageOf, UserError } from "../core/errors.ts";
import { UsageError } from "./exit-code.ts";
import { FlagValueError } from "./flag-parsers.ts";
import type { Style } from "./terminal.ts";

/** The texts of the application. `isDebug` adds stacks to errors that nobody foresaw. */
export function errorText(style: Style, isDebug: boolean): ApplicationText {
  const describe = (thrown: unknown) => describeError(thrown, style, isDebug);
  return {
    ...text_en,
    noCommandRegisteredForInput: ({ input, corrections }) =>
      style.problem(`There is no ${input.startsWith("-") ? "flag" : "command"} ${quote(input)}.`) +
      suggestion(corrections.map(unquote)),
    exceptionWhileParsingArguments: (thrown) =>
      thrown instanceof ArgumentScannerError ? style.problem(describeUsage(thrown)) : describe(thrown),
    exceptionWhileLoadingCommandFunction: describe,
    exceptionWhileLoadingCommandContext: describe,
    exceptionWhileRunningCommand: describe,
    commandErrorResult: describe,
    exceptionWhileRunningIntegrationHook: ({ exception }) => describe(exception),
    exceptionWhileRunningIntegrationFlag: ({ exception }) => describe(exception),
  };
}

/** Whether errors that nobody foresaw come with their stack. */
export function isDebug(env: Readonly<Record<string, string | undefined>>): boolean {
  return env["KEYWEIR_DEBUG"] !== undefined && !["", "0", "false"].includes(env["KEYWEIR_DEBUG"]);
}

/** The lines for anything that was thrown, without a line feed at the end. */
export function describeError(thrown: unknown, style: Style, isDebug: boolean): string {
  const stack = isDebug && thrown instanceof Error && thrown.stack !== undefined ? `\n${thrown.stack}` : "";
  if (thrown instanceof UserError) {
    const lines = thrown.message.split("\n").map(withoutControls);
    return `${style.problem(lines.join("\n"))}\n${thrown.hint}${stack}`;
  }
  if (thrown instanceof UsageError) return style.problem(onOneLine(thrown.message));
  const hint = isDebug ? "" : "\nThis should not happen. Run it again with KEYWEIR_DEBUG=1 to see where.";
  return `${style.problem(`Unexpected error: ${cut(onOneLine(messageOf(thrown)), 500)}`)}${hint}${stack}`;
}

function describeUsage(error: ArgumentScannerError): string {
  return formatMessageForArgumentScannerError(error, {
    FlagNotFoundError: ({ input, corrections }) =>
      `There is no flag --${cleanFlag(input)}.${suggestion(corrections.map((name) => `--${name}`))}`,
    AliasNotFoundError: (alias: AliasNotFoundError) => `There is no flag -${cleanFlag(alias.input)}.`,
    ArgumentParseError: ({ externalFlagNameOrPlaceholder: name, input, exception }) =>
      exception instanceof FlagValueError
        ? `${asFlag(name)} ${exception.message}, not ${quote(input)}.`
        : `${asFlag(name)}: ${onOneLine(messageOf(exception))}`,
    EnumValidationError: ({ externalFlagName, input, values }) =>
      `${asFlag(externalFlagName)} must be ${joinWithOr(values)}, not ${quote(input)}.`,
    UnsatisfiedFlagError: ({ externalFlagName, nextFlagName }) =>
      nextFlagName === undefined
        ? `${asFlag(externalFlagName)} is missing, or has no value.`
        : `${asFlag(externalFlagName)} has no value: ${asFlag(nextFlagName)} follows it.`,
    UnexpectedPositionalError: ({ input }) => `${quote(input)} is one argument too many.`,
    UnsatisfiedPositionalError: ({ placeholder }) => `The argument <${placeholder}> is missing.`,
    InvalidNegatedFlagSyntaxError: ({ externalFlagName }) =>
      `${asFlag(externalFlagName)} takes no value: it says no by itself.`,
    UnexpectedFlagError: ({ externalFlagName, previousInput, input }) =>
      `${asFlag(externalFlagName)} is given twice: ${quote(previousInput)} and ${quote(input)}.`,
  });
}

function asFlag(name: string): string {
  return name.startsWith("-") || /[^\w-]/.test(name) ? name : `--${name}`;
}

/** The name alone: what follows "=" is a value, and values are not for printing. */
function cleanFlag(input: string): string {
  return cut(onOneLine(input.replace(/^-+/, "").split("=")[0]!), 40);
}

function suggestion(names: readonly string[]): string {
  return names.length === 0 ? "" : ` Did you mean ${joinWithOr(names)}?`;
}

function unquote(text: string): string {
  return text.replaceAll("`", "");
}

/** Numbers and plain words as they are, anything else in quotation marks. */
function quote(input: string): string {
  const clean = cut(onOneLine(input), 60);
  return /^[\w.,/:@+-]+$/.test(clean) ? clean : JSON.stringify(clean);
}

function joinWithOr(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function onOneLine(text: string): string {
  return withoutControls(text).trim();
}

function withoutControls(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it removes
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

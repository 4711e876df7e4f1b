import { messageOf, systemCodeOf, UserError } from "../core/errors.ts";
import type { CliContext } from "./context.ts";

/** Reads a file that a flag names. Throws a {@link UserError} that names the flag and the file. */
export async function readUserFile(context: CliContext, path: string, flag: string): Promise<string> {
  try {
    return await context.readFile(path);
  } catch (error) {
    throw describe(error, path, flag, "read");
  }
}

/** Writes a file that a flag names, readable by this user alone. Throws a {@link UserError} likewise. */
export async function writeUserFile(
  context: CliContext,
  path: string,
  text: string,
  flag: string,
): Promise<void> {
  try {
    await context.writeFile(path, text, true);
  } catch (error) {
    throw describe(error, path, flag, "write");
  }
}

function describe(error: unknown, path: string, flag: string, action: "read" | "write"): UserError {
  const options = { cause: error };
  switch (systemCodeOf(error)) {
    case "ENOENT":
      return action === "read"
        ? new UserError(
            `${flag}: there is no file ${path}.`,
            "Correct the path, or create the file.",
            options,
          )
        : new UserError(`${flag}: there is no folder for ${path}.`, "Create the folder first.", options);
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new UserError(
        `${flag}: not allowed to ${action} ${path}.`,
        "Change its rights, or give another file.",
        options,
      );
    case "EISDIR":
      return new UserError(`${flag}: ${path} is a folder.`, "Give a file.", options);
    default:
      return new UserError(
        `${flag}: cannot ${action} ${path}: ${messageOf(error)}`,
        "Give another file.",
        options,
      );
  }
}

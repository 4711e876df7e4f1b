import { accessSync, constants, lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { systemCodeOf, UserError } from "../core/errors.ts";

/** Linux refuses longer socket paths (sun_path, unix(7)). */
const pathLimitBytes = 107;

/**
 * Makes `path` free for a new socket. A socket that nobody listens on is removed; throws a {@link UserError} that
 * names the path when somebody does, or when no socket can be made there.
 */
export async function claimSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > pathLimitBytes) {
    throw new UserError(
      `The socket path ${path} is longer than ${pathLimitBytes} bytes, which sockets cannot have.`,
      "Give a shorter path.",
    );
  }
  try {
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new UserError(
      `No socket can be made in ${dirname(path)}: ${systemCodeOf(error) === "ENOENT" ? "there is no such folder" : "not allowed to write there"}.`,
      "Make the folder, or give another path.",
      { cause: error },
    );
  }
  const file = lstatSync(path, { throwIfNoEntry: false });
  if (file === undefined) return;
  if (!file.isSocket()) {
    throw new UserError(
      `${path} is there already and is not a socket.`,
      "Give another path, or move that file away.",
    );
  }
  if (await answers(path)) {
    throw new UserError(
      `Another provider listens on ${path}.`,
      "End it first, or give this one another path.",
    );
  }
  unlinkSync(path);
}

/** Removes the socket at `path` if it is still the one with this inode. */
export function releaseSocketPath(path: string, inode: number): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.ino === inode) unlinkSync(path);
}

/** Whether somebody listens. A listener that is too busy to answer (EAGAIN) counts; only a refusal does not. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error) =>
      resolve(systemCodeOf(error) !== "ECONNREFUSED" && systemCodeOf(error) !== "ENOENT"),
    );
  });
}

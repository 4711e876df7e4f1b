/** RFC 3339 with whole seconds, as `metav1.Time`: `2026-01-31T09:00:00Z`. */
export function secondsTime(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 with exactly six digits after the second, as `metav1.MicroTime` demands. */
export function microTime(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 23)}000Z`;
}

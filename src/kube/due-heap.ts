import { assert } from "../core/assert.ts";

/** What a {@link DueHeap} keeps: an object that knows its own place, so that its time can be moved. */
export interface DueItem {
  dueMs: number;
  /** Place in the heap, -1 outside; the heap's own. */
  heapIndex: number;
  /** Order of items that are due at the same time; the heap's own. */
  heapOrder: number;
}

/** Items by time, the earliest first; of two at the same time the one that came first. All operations O(log n). */
export class DueHeap<T extends DueItem> {
  readonly #items: T[] = [];
  #nextOrder = 0;

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    assert(item.heapIndex === -1, "an item is in the heap once");
    item.heapOrder = this.#nextOrder++;
    this.#items.push(item);
    this.#siftUp(item, this.#items.length - 1);
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first === undefined) return undefined;
    const last = this.#items.pop()!;
    if (last !== first) this.#siftDown(last, 0);
    first.heapIndex = -1;
    return first;
  }

  /** Moves an item of the heap to an earlier time than it has. */
  advance(item: T, dueMs: number): void {
    assert(this.#items[item.heapIndex] === item && dueMs < item.dueMs, "an item of the heap moves forward");
    item.dueMs = dueMs;
    item.heapOrder = this.#nextOrder++;
    this.#siftUp(item, item.heapIndex);
  }

  #siftUp(item: T, start: number): void {
    let index = start;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#items[parentIndex]!;
      if (!isBefore(item, parent)) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(item, index);
  }

  #siftDown(item: T, start: number): void {
    let index = start;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= this.#items.length) break;
      const right = this.#items[childIndex + 1];
      if (right !== undefined && isBefore(right, this.#items[childIndex]!)) childIndex++;
      const child = this.#items[childIndex]!;
      if (!isBefore(child, item)) break;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(item, index);
  }

  #place(item: T, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}

function isBefore(left: DueItem, right: DueItem): boolean {
  return left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.heapOrder < right.heapOrder);
}

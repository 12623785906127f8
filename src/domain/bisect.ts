/**
 * Index of the first item that `isAfter` holds for, by bisection: it is false up to some index, and true from there on.
 *
 * @returns the number of items if it holds for none.
 */
export function firstIndex<T>(items: readonly T[], isAfter: (item: T) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = items[middle];
    if (item !== undefined && !isAfter(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Counts the values of a document: each member and each item, whatever it holds, and the document itself.
 *
 * @param limit  where to stop counting.
 * @returns the number of values, or a number above `limit`.
 */
export function countValues(document: unknown, limit: number): number {
  const open: unknown[] = [document];
  let count = 0;
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    count += 1;
    if (count + open.length > limit) return count + open.length;
    if (typeof value !== 'object' || value === null) continue;
    // Their number is looked at before there is a list of them.
    if (Array.isArray(value) && count + open.length + value.length > limit) return count + open.length + value.length;
    for (const item of Object.values(value)) open.push(item);
  }
  return count;
}

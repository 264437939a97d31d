import { BodyBudget } from './body-budget.js';

const KIB = 1024;

describe(BodyBudget.name, () => {
  it('takes bodies as they grow, until there is no room', () => {
    const budget = new BodyBudget(400 * KIB);
    const [first, second] = [budget.open(), budget.open()];

    expect([first.resizeTo(100 * KIB), first.resizeTo(200 * KIB), second.resizeTo(200 * KIB)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(budget.held).toBe(200 * KIB);
  });

  it('keeps room for small bodies that large ones cannot fill', () => {
    const budget = new BodyBudget(400 * KIB);
    expect(budget.open().resizeTo(300 * KIB)).toBe(true);

    expect(budget.open().resizeTo(65 * KIB)).toBe(false);
    expect(budget.open().resizeTo(64 * KIB)).toBe(true);
  });

  it('gives back what was taken, once', () => {
    const budget = new BodyBudget(100 * KIB);
    const body = budget.open();
    body.resizeTo(50 * KIB);
    body.release();
    body.release();

    expect(budget.held).toBe(0);
  });
});

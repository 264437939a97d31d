import { MemoryBudget } from './memory-budget.js';

describe(MemoryBudget.name, () => {
  it('reserves what fits, refuses what does not, and has it again when it is given back', () => {
    const budget = new MemoryBudget(100);
    const first = budget.tryReserve(60)!;

    expect(budget.tryReserve(41)).toBeUndefined();
    expect(budget.tryReserve(40)).toBeDefined();
    expect([budget.reservedBytes, budget.leftBytes]).toEqual([100, 0]);
    first.release();
    first.release();
    first.resize(50);
    expect([budget.reservedBytes, budget.leftBytes]).toEqual([40, 60]);
  });

  it('counts what a reservation turns out to be, even beyond the limit', () => {
    const budget = new MemoryBudget(100);
    const reservation = budget.tryReserve(60)!;
    reservation.resize(120);

    expect([reservation.bytes, budget.leftBytes]).toEqual([120, 0]);
    expect(budget.tryReserve(1)).toBeUndefined();
    reservation.resize(10);
    expect(budget.leftBytes).toBe(90);
    reservation.release();
    expect(budget.reservedBytes).toBe(0);
  });

  it('asks others to give up as much as is needed, and no more', async () => {
    const budget = new MemoryBudget(100);
    const idle = [budget.tryReserve(30)!, budget.tryReserve(30)!, budget.tryReserve(30)!];
    budget.onShortage(() => Promise.resolve(false));
    budget.onShortage(() => {
      idle.shift()?.release();
      return Promise.resolve(true);
    });

    expect(await budget.reserve(50)).toMatchObject({ bytes: 50 });
    expect(idle).toHaveLength(1);
  });

  it('asks nobody for what never fits, and ends when nobody has anything left', async () => {
    const budget = new MemoryBudget(100);
    budget.tryReserve(60);
    let asked = 0;
    budget.onShortage(() => {
      asked += 1;
      return Promise.resolve(asked < 3);
    });

    expect(await budget.reserve(101)).toBeUndefined();
    expect(asked).toBe(0);
    expect(await budget.reserve(50)).toBeUndefined();
    expect(asked).toBe(3);
  });

  it('has no limit unless one is set', () => {
    expect(new MemoryBudget().tryReserve(Number.MAX_SAFE_INTEGER)).toBeDefined();
  });
});

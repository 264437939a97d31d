import fc from 'fast-check';

import { WaitingBodies } from './waiting-bodies.js';
import type { WaitingBody } from './waiting-bodies.js';

describe(WaitingBodies.name, () => {
  const queueOf = (...lengths: readonly number[]) => {
    const queue = new WaitingBodies<WaitingBody>();
    lengths.forEach((length, body) => queue.add({ body, length }));
    return queue;
  };
  const lengthsOf = (queue: WaitingBodies<WaitingBody>, count = queue.size) =>
    Array.from({ length: count }, () => queue.take()!.length);

  it('let the shortest go first, and of equally long ones the first', () => {
    expect(lengthsOf(queueOf(700, 30, 20, 500))).toEqual([20, 30, 500, 700]);
    const equal = queueOf(5, 5, 5);
    expect([equal.take()!.body, equal.take()!.body, equal.take()!.body]).toEqual([0, 1, 2]);
  });

  it('let a short one wait for none of many long ones', () => {
    const queue = queueOf(...new Array<number>(8).fill(7_500), 300);

    expect(queue.take()!.length).toBe(300);
    expect(queue.take()!.body).toBe(0);
    queue.add({ body: 9, length: 300 });
    expect(queue.take()!.length).toBe(300);
  });

  it('let a long one wait for no more bytes of later ones than it has, however many come', () => {
    const queue = queueOf(1_000);
    const taken: number[] = [];
    for (let body = 1; taken.at(-1) !== 0; body++) {
      queue.add({ body, length: 300 });
      taken.push(queue.take()!.body);
    }

    expect(taken).toEqual([1, 2, 3, 0]);
  });

  it('let none wait for more than twice the bytes that came before it, its own counted in', () => {
    // Two numbers are lengths that come in; between them one goes out.
    const lengths = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 })), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(lengths, (arrivals) => {
        const queue = new WaitingBodies<WaitingBody & { readonly dueAt: number }>();
        let [waitingBytes, readBytes, body] = [0, 0, 0];
        const add = (length: number) => {
          waitingBytes += length;
          queue.add({ body: body++, length, dueAt: readBytes + 2 * waitingBytes });
        };
        const take = () => {
          const next = queue.take()!;
          readBytes += next.length;
          waitingBytes -= next.length;
          expect(readBytes).toBeLessThanOrEqual(next.dueAt);
        };
        for (const [a, b] of arrivals) {
          add(a);
          take();
          add(a);
          add(b);
          take();
        }
        while (queue.size > 0) take();
      }),
    );
  });

  it('give one that comes back its old place, and forget one that nobody waits for', () => {
    const queue = queueOf(10, 10, 10);
    const first = queue.take()!;
    queue.add(first);
    expect(queue.next).toBe(first);
    queue.remove(first);
    expect(queue.next!.body).toBe(1);
    queue.remove(first);
    expect(queue.size).toBe(2);
    expect(new WaitingBodies().take()).toBeUndefined();
  });
});

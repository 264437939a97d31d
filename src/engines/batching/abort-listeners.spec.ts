import { offAbort, onAbort } from './abort-listeners.js';
import type { Abortable } from './abort-listeners.js';

describe(onAbort.name, () => {
  const listener = () => ({ onAbort: jest.fn() });

  it('calls everyone who waits once, and nobody who took it back', () => {
    const controller = new AbortController();
    const [first, gone, last] = [listener(), listener(), listener()];
    for (const each of [first, gone, last]) onAbort(controller.signal, each);
    offAbort(controller.signal, gone);

    controller.abort();

    expect([first, gone, last].map((each) => each.onAbort.mock.calls.length)).toEqual([1, 0, 1]);
  });

  it('puts one listener on a signal, however many come and go', () => {
    const { signal } = new AbortController();
    const add = jest.spyOn(signal, 'addEventListener');
    for (let i = 0; i < 100; i++) {
      const each = listener();
      onAbort(signal, each);
      offAbort(signal, each);
    }

    expect(add).toHaveBeenCalledTimes(1);
  });

  it('lets one take back another, or itself, while all are called', () => {
    const controller = new AbortController();
    const { signal } = controller;
    const last = listener();
    const first: Abortable & { calls: number } = {
      calls: 0,
      onAbort() {
        this.calls += 1;
        offAbort(signal, first);
      },
    };
    onAbort(signal, first);
    onAbort(signal, last);

    controller.abort();

    expect(first.calls).toBe(1);
    expect(last.onAbort).toHaveBeenCalledTimes(1);
  });

  it('takes back nothing of a signal that nobody listens to', () => {
    expect(() => offAbort(new AbortController().signal, listener())).not.toThrow();
  });
});

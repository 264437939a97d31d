import type { OpenApiDocument, ResponseObject } from './openapi-types.js';

/**
 * Error answers that several operations give alike, as components of the document: written out in each operation they
 * were four tenths of it.
 */
export class SharedResponses {
  private readonly names = new Map<string, string>();

  constructor(private readonly components: OpenApiDocument['components']) {}

  /**
   * @param response  whose examples do not say yet where they are from.
   * @param place  says so in the first operation that gives the answer.
   * @returns a reference to the component.
   */
  share(response: ResponseObject, status: string, place: (response: ResponseObject) => void): { $ref: string } {
    const key = JSON.stringify(response);
    const known = this.names.get(key);
    const name = known ?? this.nameFor(response, status);
    if (known === undefined) {
      place(response);
      this.names.set(key, name);
      this.components.responses![name] = response;
    }
    return { $ref: `#/components/responses/${name}` };
  }

  /** Of its first error code. */
  private nameFor({ description }: ResponseObject, status: string): string {
    const [, code = 'ERROR'] = /`([A-Z_]+)`/.exec(description) ?? [];
    const words = code.split('_').map((word) => word[0] + word.slice(1).toLowerCase());
    const name = `${words.join('')}${status}`;
    for (let number = 1; ; number += 1) {
      const candidate = number === 1 ? name : `${name}_${number}`;
      if (!Object.hasOwn(this.components.responses!, candidate)) return candidate;
    }
  }
}

/** The one call of the converter that is used; the package has no types. */
declare module 'openapi-to-postmanv2' {
  interface Conversion {
    readonly result: boolean;
    readonly reason?: string;
    readonly output?: readonly { readonly type: string; readonly data: unknown }[];
  }
  const Converter: {
    convertV2(
      input: { readonly type: 'string'; readonly data: string },
      options: Readonly<Record<string, unknown>>,
      callback: (error: Error | null | undefined, conversion?: Conversion) => void,
    ): void;
  };
  export default Converter;
}
